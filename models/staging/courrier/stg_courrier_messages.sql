select
    dossier_id,
    numero,
    {{ known_text(document_text(['role'])) }} as role_message,
    {{ document_time(['timestamp', 'created_at']) }} as ecrit_le,
    {{ document_day(['timestamp', 'created_at']) }} as date_jour,
    {{ document_count(['content_length', 'contenu_length']) }} as longueur
from (
    select
        dossiers.cle as dossier_id,
        cast(elements.numero as integer) as numero,
        elements.document
    from {{ source('courrier', 'workflow_history') }} as dossiers
    {{ elements_of('dossiers.document', 'messages') }}
    where dossiers._supprime_le is null
) as messages
