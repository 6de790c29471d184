select
    id as domaine_id,
    {{ clean_text('code') }} as code_domaine,
    {{ clean_text('libelle') }} as nom_domaine,
    {{ clean_text('description') }} as description,
    created_at as cree_le,
    updated_at as modifie_le
from {{ source('sigeti', 'domaines_activites') }}
where {{ living_rows() }}
