select
    id as statut_incident_id,
    {{ clean_text('label') }} as statut,
    workflow_step as etape_courante,
    {{ plausible_time('created_at') }} as cree_le,
    {{ plausible_time('updated_at') }} as modifie_le
from {{ source('sigeti_optional', 'statuts_incident') }}
where {{ living_rows() }}
