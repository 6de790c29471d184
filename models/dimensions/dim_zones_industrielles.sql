{{ config(unique_key=['zone_key']) }}

-- A zone without a point of its own is in the middle of its parcels.
with parcels as (

    select
        zone_id,
        cast(avg(longitude) as numeric(9, 6)) as longitude,
        cast(avg(latitude) as numeric(9, 6)) as latitude
    from {{ ref('stg_lots') }}
    where {{ is_in_country('longitude', 'latitude') }}
    group by zone_id

)

select
    cast(zones.zone_id as bigint) as zone_key,
    zones.zone_id,
    zones.code_zone,
    zones.nom_zone,
    zones.statut,
    zones.superficie_m2,
    zones.description,
    zones.adresse,
    {%- for coordinate in ['longitude', 'latitude'] %}
        case
            when {{ is_in_country('points.longitude', 'points.latitude') }}
                then points.{{ coordinate }}
            when points.longitude is null then parcels.{{ coordinate }}
        end as {{ coordinate }},
    {%- endfor %}
    {{ change_stamps() }}
from {{ ref('stg_zones_industrielles') }} as zones
left join {{ ref('stg_points_zones') }} as points on zones.zone_id = points.zone_id
left join parcels on zones.zone_id = parcels.zone_id

union all

select
    membre as zone_key,
    membre as zone_id,
    nom as code_zone,
    nom as nom_zone,
    'Inconnu' as statut,
    null as superficie_m2,
    null as description,
    null as adresse,
    null as longitude,
    null as latitude,
    {{ change_stamps() }}
from (
    values
    ({{ unknown_key() }}, 'Inconnu'),
    ({{ several_zones_key() }}, 'Plusieurs zones'),
    ({{ outside_zones_key() }}, 'Hors zone')
) as absentes (membre, nom)
