{{ config(
    unique_key=['collecte_id', 'zone_id'],
    scope=['collecte_id'],
    touched_by={
        'stg_collecte_zones': 'collecte_id',
        'stg_collectes': 'collecte_id',
        'dim_zones_industrielles': 'existence of zone_id'
    }
) }}

with collecte_zones as (

    select * from {{ ref('stg_collecte_zones') }}
    where {{ in_scope('collecte_id') }}

),

collectes as (

    select * from {{ ref('stg_collectes') }}

),

zones as (

    select * from {{ ref('dim_zones_industrielles') }}

),

final as (

    select
        collecte_zones.collecte_id,
        collecte_zones.zone_id,
        coalesce(zones.zone_key, {{ unknown_key() }}) as zone_key,
        collectes.modifie_le as source_modifie_a,
        {{ change_stamps() }}
    from collecte_zones
    inner join collectes on collecte_zones.collecte_id = collectes.collecte_id
    left join zones on collecte_zones.zone_id = zones.zone_id

)

select * from final
