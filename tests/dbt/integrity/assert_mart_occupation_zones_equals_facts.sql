-- Every zone, every living parcel and every request is in the mart once.
-- A returned row is a measure whose total differs.
with lots as (

    select * from {{ ref('dim_lots') }}
    where is_current and lot_key <> {{ unknown_key() }}

),

attendu as (

    select
        (
            select count(*) from {{ ref('dim_zones_industrielles') }}
            where zone_key > {{ unknown_key() }}
        ) as nombre_zones,
        (select count(*) from lots) as nombre_total_lots,
        (
            select count(*) from lots
            where superficie_m2 is null
        ) as lots_sans_superficie,
        (select coalesce(sum(superficie_m2), 0) from lots) as superficie_totale_m2,
        (select coalesce(sum(prix), 0) from lots) as valeur_totale_lots,
        (select count(*) from {{ ref('fait_attributions') }}) as nombre_demandes

),

trouve as (

    select
        count(*) filter (where zone_id > {{ unknown_key() }}) as nombre_zones,
        coalesce(sum(nombre_total_lots), 0) as nombre_total_lots,
        coalesce(sum(lots_sans_superficie), 0) as lots_sans_superficie,
        coalesce(sum(superficie_totale_m2), 0) as superficie_totale_m2,
        coalesce(sum(valeur_totale_lots), 0) as valeur_totale_lots,
        coalesce(sum(nombre_demandes), 0) as nombre_demandes
    from {{ ref('mart_occupation_zones') }}

)

{{ differing_totals(
    'attendu',
    'trouve',
    [
        'nombre_zones', 'nombre_total_lots', 'lots_sans_superficie', 'superficie_totale_m2',
        'valeur_totale_lots', 'nombre_demandes'
    ]
) }}
