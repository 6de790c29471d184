-- No enterprise of a campaign is lost or counted twice by its bucket.
-- A returned row is a measure whose total differs.
{%- set touches = touched_keys_of(ref('int_entreprises_par_collecte')) %}

with paires as (

    select distinct
        factures.collecte_id,
        factures.entreprise_id
    from {{ ref('fait_factures') }} as factures
    {%- if tested_change() is not none %}
    inner join {{ touches }} as changements
        on
            factures.collecte_id = changements.collecte_id
            and {{ in_bucket('factures.entreprise_id', 'changements.paquet') }}
    {%- endif %}
    where factures.est_comptee and factures.collecte_id is not null

),

attendu as (

    select count(entreprise_id) as nombre_entreprises
    from paires

),

trouve as (

    select {{ total_of(['nombre_entreprises']) }}
    from {{ ref('int_entreprises_par_collecte') }}
    where {{ tested_key('(paquet, collecte_id)', [touches], 'paquet, collecte_id') }}

)

{{ differing_totals('attendu', 'trouve', ['nombre_entreprises']) }}
