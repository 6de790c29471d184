select
    id as infraction_convention_id,
    entreprise_id,
    {{ clean_text('reference') }} as reference,
    {{ clean_text('statut') }} as statut,
    etape_actuelle as etape_courante,
    {{ plausible_time('date_limite_regularisation') }} as date_limite,
    {{ plausible_time('date_cloture') }} as cloture_le,
    {{ plausible_time('created_at') }} as cree_le,
    {{ plausible_time('updated_at') }} as modifie_le
from {{ source('sigeti_optional', 'workflow_infractions_conventions') }}
where {{ living_rows() }}
