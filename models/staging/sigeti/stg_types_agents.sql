select
    id as type_agent_id,
    {{ clean_text('code') }} as code_type,
    {{ clean_text('libelle') }} as nom_type,
    {{ plausible_time('created_at') }} as cree_le,
    {{ plausible_time('updated_at') }} as modifie_le
from {{ source('sigeti_optional', 'types_agents') }}
where {{ living_rows() }}
