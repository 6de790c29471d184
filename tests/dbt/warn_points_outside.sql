{{ config(severity='warn') }}

-- A point outside Côte d'Ivoire places no zone. A returned row is a parcel that has one.
select
    lot_id,
    zone_id,
    longitude,
    latitude
from {{ ref('stg_lots') }}
where
    longitude is not null
    and not ({{ is_in_country('longitude', 'latitude') }})
