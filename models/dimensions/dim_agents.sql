{{ config(unique_key=['agent_key']) }}

select
    cast(agents.agent_id as bigint) as agent_key,
    agents.agent_id,
    agents.type_agent_id,
    coalesce(types_agents.nom_type, 'Inconnu') as type_agent,
    agents.est_actif,
    {{ change_stamps() }}
from {{ ref('stg_agents') }} as agents
left join {{ ref('stg_types_agents') }} as types_agents
    on agents.type_agent_id = types_agents.type_agent_id

union all

select
    {{ unknown_key() }} as agent_key,
    {{ unknown_key() }} as agent_id,
    null as type_agent_id,
    'Inconnu' as type_agent,
    false as est_actif,
    {{ change_stamps() }}
