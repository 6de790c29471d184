select
    cle as signature_id,
    {{ document_text(['user_id', 'utilisateur_id']) }} as utilisateur_id,
    {{ known_text(document_text(['type'])) }} as type_signature,
    coalesce(
        lower({{ document_text(['is_default', 'par_defaut']) }}) = 'true', false
    ) as est_par_defaut,
    {{ document_day(['created_at', 'cree_le']) }} as date_creation
from {{ source('courrier', 'signatures') }}
where _supprime_le is null
