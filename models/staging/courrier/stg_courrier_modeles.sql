select
    cle as modele_id,
    {{ known_text(document_text(['name', 'nom'])) }} as nom_modele,
    {{ known_text(document_text(['category', 'categorie'])) }} as categorie,
    {{ document_count(['usage_count', 'use_count', 'utilisations']) }} as utilisations,
    {{ document_day(['created_at', 'cree_le']) }} as date_creation
from {{ source('courrier', 'templates') }}
where _supprime_le is null
