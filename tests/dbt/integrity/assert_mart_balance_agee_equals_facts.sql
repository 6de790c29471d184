-- The tranches together hold every invoice with something left to pay, once.
-- A returned row is a measure whose total differs.
{%- set measures = ['nombre_factures', 'montant_restant_du'] -%}
{%- set touches = touched_keys_of(ref('mart_balance_agee')) %}

with attendu as (

    select
        count(*) as nombre_factures,
        coalesce(sum(factures.montant_restant_du), 0) as montant_restant_du
    from {{ ref('fait_factures') }} as factures
    inner join {{ ref('dim_entreprises') }} as versions
        on factures.entreprise_key = versions.entreprise_key
    where
        factures.montant_restant_du > 0
        and {{ tested_key('versions.entreprise_id', [touches], 'entreprise_id') }}

),

trouve as (

    select {{ total_of(measures) }}
    from {{ ref('mart_balance_agee') }}
    where {{ tested_key('entreprise_id', [touches]) }}

)

{{ differing_totals('attendu', 'trouve', measures) }}
