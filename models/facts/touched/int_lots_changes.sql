select
    lot_id,
    _changement
from {{ ref('stg_changements_lots') }}
union all
select
    lot_id,
    _changement
from {{ ref('dim_lots') }}
