select
    id as evenement_id,
    demande_attribution_id as demande_id,
    etape_source,
    etape_destination,
    {{ clean_text('action') }} as action,
    {{ plausible_time('date_action') }} as date_action,
    {{ plausible_time('created_at') }} as cree_le,
    {{ plausible_time('updated_at') }} as modifie_le
from {{ source('sigeti_optional', 'historique_demandes') }}
where {{ living_rows() }}
