{{ config(severity='warn') }}

-- A point outside Côte d'Ivoire places no zone. A returned row is a parcel or a zone that has one.
with points as (

    select
        'lot ' || lot_id as lieu,
        longitude,
        latitude
    from {{ ref('stg_lots') }}

    union all

    select
        'zone ' || zone_id as lieu,
        longitude,
        latitude
    from {{ ref('stg_points_zones') }}

)

select *
from points
where
    longitude is not null
    and not ({{ is_in_country('longitude', 'latitude') }})
