{{ config(
    unique_key=['zone_id', 'premier_jour_mois', 'agent_id'],
    scope=['premier_jour_mois'],
    touched_by={
        'fait_affectations_collectes': {'premier_jour_mois': month_of('date_debut')},
        'fait_collectes': {'premier_jour_mois': month_of('date_debut')},
        'dim_agents': 'agent_id',
        'dim_zones_industrielles': 'zone_id'
    }
) }}

with affectations as (

    select
        *,
        {{ month_of('date_debut') }} as premier_jour_mois
    from {{ ref('fait_affectations_collectes') }}
    where {{ in_scope(month_of('date_debut')) }}

),

-- The amounts of a campaign go to its first responsible agent, and so are counted once.
rangees as (

    select
        *,
        est_responsable and row_number() over (
            partition by collecte_id, est_responsable
            order by date_assignation nulls last, agent_id
        ) = 1 as porte_montants
    from affectations

),

groupes as (

    select
        rangees.premier_jour_mois,
        rangees.agent_key,
        rangees.zone_key,
        {% for montant in [
            'montant_a_recouvrer', 'montant_recouvre', 'montant_facture', 'montant_regle_declare',
            'montant_regle_confirme', 'montant_restant_du'
        ] -%}
            {{ amount_of('sum(collectes.' ~ montant ~ ')', where='rangees.porte_montants') }}
                as {{ montant }},
        {% endfor -%}
        {{ number_of('count(distinct rangees.collecte_id)') }} as nombre_collectes,
        {{ number_of('count(distinct rangees.collecte_id)', where='rangees.est_responsable') }}
            as collectes_responsable,
        {{ number_of('count(distinct rangees.collecte_id)', where='not rangees.est_responsable') }}
            as collectes_assistant,
        {{ number_of('count(distinct rangees.collecte_id)', where='collectes.est_cloturee') }}
            as collectes_cloturees,
        {{ number_of(
            'count(distinct rangees.collecte_id)',
            where='collectes.est_cloturee and rangees.est_responsable'
        ) }} as collectes_cloturees_responsable,
        {{ number_of(
            'count(distinct rangees.collecte_id)',
            where='collectes.est_cloturee and not rangees.est_responsable'
        ) }} as collectes_cloturees_assistant
    from rangees
    inner join {{ ref('fait_collectes') }} as collectes
        on rangees.collecte_id = collectes.collecte_id
    group by rangees.premier_jour_mois, rangees.agent_key, rangees.zone_key

),

final as (

    select
        groupes.premier_jour_mois,
        {{ parts_of_month('groupes.premier_jour_mois') }},
        agents.agent_id,
        agents.type_agent,
        agents.est_actif,
        zones.zone_id,
        zones.nom_zone,
        groupes.nombre_collectes,
        groupes.collectes_responsable,
        groupes.collectes_assistant,
        groupes.collectes_cloturees,
        groupes.collectes_cloturees_responsable,
        groupes.collectes_cloturees_assistant,
        groupes.montant_a_recouvrer,
        groupes.montant_recouvre,
        groupes.montant_facture,
        groupes.montant_regle_declare,
        groupes.montant_regle_confirme,
        groupes.montant_restant_du,
        {{ rate_pct('groupes.montant_regle_declare', 'groupes.montant_facture') }}
            as taux_recouvrement_pct,
        {{ rate_pct('groupes.montant_regle_confirme', 'groupes.montant_facture') }}
            as taux_recouvrement_confirme_pct,
        {{ change_stamps() }}
    from groupes
    inner join {{ ref('dim_agents') }} as agents on groupes.agent_key = agents.agent_key
    inner join {{ ref('dim_zones_industrielles') }} as zones on groupes.zone_key = zones.zone_key

)

select * from final
