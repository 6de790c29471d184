select
    id as retrait_lot_id,
    lot_id,
    {{ clean_text('numero_retrait') }} as reference,
    {{ clean_text('statut') }} as statut,
    etape_actuelle as etape_courante,
    {{ plausible_time('created_at') }} as cree_le,
    {{ plausible_time('updated_at') }} as modifie_le
from {{ source('sigeti_optional', 'retrait_lots') }}
where {{ living_rows() }}
