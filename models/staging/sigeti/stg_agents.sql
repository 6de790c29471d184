select
    id as agent_id,
    type_agent_id,
    coalesce(actif, false) and deleted_at is null as est_actif,
    {{ plausible_time('created_at') }} as cree_le,
    {{ plausible_time('updated_at') }} as modifie_le
from {{ source('sigeti_optional', 'agents') }}
where {{ living_rows() }}
