select
    id as infraction_id,
    lot_id,
    entreprise_id,
    {{ clean_text('reference') }} as reference,
    {{ clean_text('statut') }} as statut,
    {{ clean_text('etape_actuelle') }} as etape_courante,
    {{ plausible_time('date_limite_regularisation') }} as date_limite,
    {{ plausible_time('created_at') }} as cree_le,
    {{ plausible_time('updated_at') }} as modifie_le
from {{ source('sigeti_optional', 'workflow_infractions') }}
where {{ living_rows() }}
