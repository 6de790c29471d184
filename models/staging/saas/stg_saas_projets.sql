select
    cle as projet_id,
    coalesce({{ json_text('document', ['type']) }}, 'Inconnu') as type_projet
from {{ source('saas', 'projects') }}
where _supprime_le is null
