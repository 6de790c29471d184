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
        cast(messages.numero as integer) as numero,
        messages.document
    from {{ source('courrier', 'workflow_history') }} as dossiers
    cross join
        lateral jsonb_path_query(dossiers.document, '$.messages[*]')
        with ordinality as messages (document, numero)
    where dossiers._supprime_le is null
) as messages
