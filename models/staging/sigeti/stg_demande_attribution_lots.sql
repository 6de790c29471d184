select
    id as demande_attribution_lot_id,
    demande_attribution_id as demande_id,
    lot_id,
    {{ plausible_time('created_at') }} as cree_le,
    {{ plausible_time('updated_at') }} as modifie_le
from {{ source('sigeti', 'demande_attribution_lots') }}
where {{ living_rows() }}
