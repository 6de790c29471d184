select
    cle as evenement_id,
    {{ json_text('document', ['user_id']) }} as utilisateur_id,
    {{ json_text('document', ['session_id']) }} as session_id,
    coalesce({{ json_text('document', ['name']) }}, 'Inconnu') as nom_evenement,
    {{ document_day(['timestamp']) }} as date_jour,
    {{ document_time(['timestamp']) }} as survenu_le
from {{ source('saas', 'analytics_events') }}
where _supprime_le is null
