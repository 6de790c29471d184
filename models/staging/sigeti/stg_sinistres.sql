select
    id as sinistre_id,
    statut_incident_id,
    {{ clean_text('reference') }} as reference,
    {{ plausible_time('date_heure_incident') }} as survenu_le,
    {{ plausible_time('created_at') }} as cree_le,
    {{ plausible_time('updated_at') }} as modifie_le
from {{ source('sigeti_optional', 'sinistres') }}
where {{ living_rows() }}
