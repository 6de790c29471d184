{%- set location = 'cast(location as ' ~ dbt.type_string() ~ ')' -%}
select
    id as zone_id,
    {{ point_coordinate(location, 'longitude') }} as longitude,
    {{ point_coordinate(location, 'latitude') }} as latitude
from {{ source('sigeti_optional', 'points_zones') }}
where {{ living_rows() }}
