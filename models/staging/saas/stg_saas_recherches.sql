select
    cle as recherche_id,
    {{ json_text('document', ['user_id']) }} as utilisateur_id,
    coalesce({{ json_text('document', ['type']) }}, 'Inconnu') as type_recherche,
    {{ document_day(['created_at']) }} as date_jour,
    {{ document_count(['results']) }} as nombre_resultats,
    {{ document_number(['duration_ms']) }} as duree_ms
from {{ source('saas', 'search_queries') }}
where _supprime_le is null
