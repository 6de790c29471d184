-- Every campaign is in the fact once, with its own counters and the zones of its bridge.
-- A returned row is a measure whose total differs.
with attendu as (

    select
        count(*) as nombre_collectes,
        coalesce(sum(montant_a_recouvrer), 0) as montant_a_recouvrer,
        coalesce(sum(montant_recouvre), 0) as montant_recouvre,
        (select count(*) from {{ ref('stg_collecte_zones') }}) as nombre_zones
    from {{ ref('stg_collectes') }}

),

trouve as (

    select
        count(*) as nombre_collectes,
        coalesce(sum(montant_a_recouvrer), 0) as montant_a_recouvrer,
        coalesce(sum(montant_recouvre), 0) as montant_recouvre,
        coalesce(sum(nombre_zones), 0) as nombre_zones
    from {{ ref('fait_collectes') }}

)

{{ differing_totals(
    'attendu',
    'trouve',
    ['nombre_collectes', 'montant_a_recouvrer', 'montant_recouvre', 'nombre_zones']
) }}
