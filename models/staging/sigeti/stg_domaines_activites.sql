select
    id as domaine_id,
    {{ clean_text('code') }} as code_domaine,
    {{ clean_text('libelle') }} as nom_domaine,
    {{ clean_text('description') }} as description,
    {{ plausible_time('created_at') }} as cree_le,
    {{ plausible_time('updated_at') }} as modifie_le
from {{ source('sigeti', 'domaines_activites') }}
where {{ living_rows() }}
