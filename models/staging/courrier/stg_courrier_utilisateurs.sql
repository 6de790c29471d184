select
    cle as utilisateur_id,
    {{ known_text(document_text(['role'])) }} as role_utilisateur,
    coalesce(lower({{ document_text(['active', 'actif']) }}) <> 'false', true) as est_actif,
    {{ document_day(['created_at', 'cree_le']) }} as date_creation
from {{ source('courrier', 'users') }}
where _supprime_le is null
