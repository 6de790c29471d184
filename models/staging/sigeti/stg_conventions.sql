select
    id as convention_id,
    {{ clean_text('numero_convention') }} as numero_convention,
    {{ clean_text('statut') }} as statut,
    {{ clean_text('etape_actuelle') }} as etape_courante,
    {{ plausible_time('date_creation') }} as cree_le,
    {{ plausible_time('date_modification') }} as modifie_le
from {{ source('sigeti_optional', 'conventions') }}
where {{ living_rows() }}
