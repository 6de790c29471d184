{{ config(
    unique_key=['collecte_id', 'zone_id'],
    scope=['collecte_id'],
    touched_by={
        'fait_collectes': 'collecte_id',
        'int_entreprises_par_collecte': 'collecte_id',
        'fait_affectations_collectes': 'collecte_id',
        'pont_collectes_zones': 'collecte_id',
        'dim_zones_industrielles': 'zone_id in pont_collectes_zones'
    },
    touched_when_due={
        'relation': 'fait_collectes',
        'day': 'date_debut',
        'days_later': [-1],
        'condition': 'true',
        'touches': {'collecte_id': 'collecte_id'}
    },
    meta={'publie_trie_par': 'date_debut'}
) }}

with collectes as (

    select * from {{ ref('fait_collectes') }}
    where {{ in_scope('collecte_id') }}

),

zones as (

    select * from {{ ref('dim_zones_industrielles') }}

),

zones_visees as (

    select
        ponts.collecte_id,
        {{ dbt.listagg('zones.nom_zone', "', '", 'order by ponts.zone_id') }} as zones
    from {{ ref('pont_collectes_zones') }} as ponts
    inner join zones on ponts.zone_key = zones.zone_key
    where {{ in_scope('ponts.collecte_id') }}
    group by ponts.collecte_id

),

entreprises as (

    select
        collecte_id,
        sum(nombre_entreprises) as nombre_entreprises
    from {{ ref('int_entreprises_par_collecte') }}
    where {{ in_scope('collecte_id') }}
    group by collecte_id

),

agents as (

    select
        collecte_id,
        count(*) as nombre_agents
    from {{ ref('fait_affectations_collectes') }}
    where {{ in_scope('collecte_id') }}
    group by collecte_id

),

final as (

    select
        collectes.collecte_id,
        collectes.reference,
        zones.zone_id,
        zones.nom_zone,
        zones_visees.zones,
        collectes.nombre_zones,
        collectes.date_debut,
        collectes.date_fin_prevue,
        collectes.date_cloture,
        collectes.duree_prevue_jours,
        cast(
            {{ days_from('collectes.date_debut', 'collectes.date_cloture') }} as integer
        ) as duree_reelle_jours,
        collectes.statut,
        {{ source_word('statut_collecte', 'collectes.statut') }} as nom_statut,
        collectes.est_cloturee,
        coalesce(collectes.date_debut > {{ reference_date() }}, false) as est_a_venir,
        collectes.montant_a_recouvrer,
        collectes.montant_recouvre,
        collectes.nombre_factures,
        {{ number_of('entreprises.nombre_entreprises') }} as nombre_entreprises,
        {{ number_of('agents.nombre_agents') }} as nombre_agents,
        collectes.montant_facture,
        collectes.montant_regle_declare,
        collectes.montant_regle_confirme,
        collectes.montant_restant_du,
        {{ rate_pct('collectes.montant_regle_declare', 'collectes.montant_facture') }}
            as taux_recouvrement_pct,
        {{ rate_pct('collectes.montant_regle_confirme', 'collectes.montant_facture') }}
            as taux_recouvrement_confirme_pct,
        {{ change_stamps() }}
    from collectes
    inner join zones on collectes.zone_key = zones.zone_key
    left join zones_visees on collectes.collecte_id = zones_visees.collecte_id
    left join entreprises on collectes.collecte_id = entreprises.collecte_id
    left join agents on collectes.collecte_id = agents.collecte_id

)

select * from final
