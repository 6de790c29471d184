-- Every event of a request that exists is in the fact once, and one of each request is its last.
-- A returned row is a measure whose total differs.
{%- set changes = [
    changes_of(ref('stg_demandes_attribution'), ['demande_id']),
    changes_of(ref('stg_historique_demandes'), ['demande_id'])
] %}

with attendu as (

    select
        count(*) as nombre_evenements,
        count(distinct evenements.demande_id) as nombre_demandes
    from {{ ref('stg_historique_demandes') }} as evenements
    inner join {{ ref('stg_demandes_attribution') }} as demandes
        on evenements.demande_id = demandes.demande_id
    where {{ tested_key('evenements.demande_id', changes, 'demande_id') }}

),

trouve as (

    select
        count(*) as nombre_evenements,
        count(*) filter (where est_courante) as nombre_demandes
    from {{ ref('fait_etapes_demandes') }}
    where {{ tested_key('demande_id', changes) }}

)

{{ differing_totals('attendu', 'trouve', ['nombre_evenements', 'nombre_demandes']) }}
