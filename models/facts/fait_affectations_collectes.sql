{{ config(
    unique_key=['collecte_id', 'agent_id'],
    scope=['collecte_id'],
    touched_by={
        'stg_collecte_agents': 'collecte_id',
        'fait_collectes': 'collecte_id',
        'dim_agents': 'existence of agent_id'
    }
) }}

select
    -- clés
    affectations.collecte_id,
    affectations.agent_id,
    coalesce(agents.agent_key, {{ unknown_key() }}) as agent_key,
    collectes.zone_key,
    {{ date_key(to_day('affectations.modifie_le')) }} as date_assignation_key,
    collectes.date_debut_key,

    -- dimensions dégénérées
    affectations.role,
    {{ to_day('affectations.modifie_le') }} as date_assignation,
    collectes.date_debut,

    -- indicateurs
    coalesce(affectations.role = 'responsable', false) as est_responsable,

    -- traçabilité
    greatest(affectations.modifie_le, collectes.source_modifie_a) as source_modifie_a,
    {{ change_stamps() }}
from {{ ref('stg_collecte_agents') }} as affectations
inner join {{ ref('fait_collectes') }} as collectes
    on affectations.collecte_id = collectes.collecte_id
left join {{ ref('dim_agents') }} as agents
    on affectations.agent_id = agents.agent_id
where {{ in_scope('affectations.collecte_id') }}
