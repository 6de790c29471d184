select
    cle as conversation_id,
    {{ json_text('document', ['user_id']) }} as utilisateur_id,
    {{ json_text('document', ['project_id']) }} as projet_id
from {{ source('saas', 'conversations') }}
where _supprime_le is null
