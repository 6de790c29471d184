{{ config(
    unique_key=['collecte_id', 'zone_id'],
    scope=['collecte_id'],
    touched_by={
        'stg_collecte_zones': 'collecte_id',
        'stg_collectes': 'collecte_id',
        'dim_zones_industrielles': 'existence of zone_id'
    }
) }}

select
    collecte_zones.collecte_id,
    collecte_zones.zone_id,
    coalesce(zones.zone_key, {{ unknown_key() }}) as zone_key,
    collectes.modifie_le as source_modifie_a,
    {{ change_stamps() }}
from {{ ref('stg_collecte_zones') }} as collecte_zones
inner join {{ ref('stg_collectes') }} as collectes
    on collecte_zones.collecte_id = collectes.collecte_id
left join {{ ref('dim_zones_industrielles') }} as zones
    on collecte_zones.zone_id = zones.zone_id
where {{ in_scope('collecte_zones.collecte_id') }}
