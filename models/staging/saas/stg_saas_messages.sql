select
    cle as message_id,
    {{ json_text('document', ['conversation_id']) }} as conversation_id,
    {{ document_day(['created_at']) }} as date_jour,
    {{ document_count(['tokens']) }} as jetons
from {{ source('saas', 'messages') }}
where _supprime_le is null
