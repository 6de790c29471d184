select
    collecte_id,
    agent_id,
    {{ clean_text('role') }} as role,
    {{ plausible_time('date_assignation') }} as modifie_le
from {{ source('sigeti_optional', 'collecte_agents') }}
where {{ living_rows() }}
