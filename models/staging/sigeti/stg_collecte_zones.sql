select
    collecte_id,
    zone_id
from {{ source('sigeti', 'collecte_zones') }}
where {{ living_rows() }}
