select
    {{ json_text('document', ['product']) }} as produit_id,
    {{ json_text('document', ['name']) }} as nom_produit,
    {{ json_text('document', ['category']) }} as categorie,
    {{ document_count(['views']) }} as vues,
    {{ document_count(['purchases']) }} as achats,
    {{ document_amount(['revenue']) }} as chiffre_affaires,
    cast({{ document_number(['rating']) }} as numeric(4, 2)) as note
from {{ source('boutique', 'products_summary') }}
where _supprime_le is null
