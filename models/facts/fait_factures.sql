{{ config(
    unique_key=['facture_id'],
    touched_by={
        'stg_factures': 'facture_id',
        'stg_paiements': 'facture_id',
        'stg_demandes_attribution': 'demande_id',
        'stg_collecte_zones': 'collecte_id',
        'dim_lots': 'entreprise_id',
        'dim_entreprises': 'entreprise_id',
        'dim_zones_industrielles': 'existence of zone_id'
    },
    indexes=[{'columns': ['entreprise_id']}, {'columns': ['_changement']}],
    more_indexes={
        'par_mois': {'columns': ['entreprise_key', day_of_month('date_creation')]},
        'par_campagne': {
            'columns': ['collecte_id', 'entreprise_id'],
            'where': 'est_comptee and collecte_id is not null'
        },
        'dues': {
            'columns': ['entreprise_key'],
            'include': [
                'zone_key', 'est_comptee', 'date_echeance', 'date_solde', 'montant_restant_du'
            ],
            'where': 'montant_restant_du > 0'
        },
        'sans_trace': {'columns': ['facture_id'], 'where': paid_without_trace()}
    }
) }}

with factures as (

    select * from {{ ref('stg_factures') }}
    where not est_supprimee and {{ in_scope('facture_id') }}

),

paiements as (

    select * from {{ ref('stg_paiements') }}
    where {{ in_scope('facture_id') }}

),

demandes as (

    select * from {{ ref('stg_demandes_attribution') }}

),

collecte_zones as (

    select * from {{ ref('stg_collecte_zones') }}

),

entreprises as (

    select * from {{ ref('dim_entreprises') }}

),

lots as (

    select * from {{ ref('dim_lots') }}
    where is_current

),

zones as (

    select * from {{ ref('dim_zones_industrielles') }}

),

paiements_cumules as (

    select
        *,
        sum(montant_paiement) over (
            partition by facture_id order by paye_le nulls last, paiement_id
            rows between unbounded preceding and current row
        ) as cumul
    from paiements

),

reglements as (

    select
        factures.facture_id,
        count(*) as nombre_paiements,
        sum(paiements_cumules.montant_paiement) as montant_declare,
        sum(paiements_cumules.montant_paiement) filter (
            where paiements_cumules.est_confirme
        ) as montant_confirme,
        -- A payment taken back can leave an invoice open that was settled for a while; one without
        -- a known day settles on that of its record.
        case
            when sum(paiements_cumules.montant_paiement) >= max(factures.montant_total)
                then coalesce(
                    min(paiements_cumules.paye_le) filter (
                        where paiements_cumules.cumul >= factures.montant_total
                    ),
                    min(coalesce(paiements_cumules.cree_le, paiements_cumules.modifie_le)) filter (
                        where paiements_cumules.cumul >= factures.montant_total
                    ),
                    max(factures.modifie_le)
                )
        end as solde_le,
        max(paiements_cumules.modifie_le) as modifie_le
    from paiements_cumules
    inner join factures on paiements_cumules.facture_id = factures.facture_id
    group by factures.facture_id

),

zones_de_collecte as (

    select
        collecte_id,
        count(*) as nombre_zones,
        case when count(*) = 1 then max(zone_id) end as seule_zone_id
    from collecte_zones
    group by collecte_id

),

-- Of the zones of a campaign of several, the only one in which the enterprise holds parcels.
zones_tenues as (

    select
        factures.facture_id,
        max(lots.zone_id) as zone_id
    from factures
    inner join zones_de_collecte
        on
            factures.collecte_id = zones_de_collecte.collecte_id
            and zones_de_collecte.nombre_zones > 1
    inner join collecte_zones on factures.collecte_id = collecte_zones.collecte_id
    inner join lots
        on
            factures.entreprise_id = lots.entreprise_id
            and collecte_zones.zone_id = lots.zone_id
    group by factures.facture_id
    having count(distinct lots.zone_id) = 1

),

rassemblees as (

    select
        factures.*,
        coalesce(
            zones_de_collecte.seule_zone_id, zones_tenues.zone_id, demandes.zone_id
        ) as zone_id,
        case
            when zones_de_collecte.nombre_zones > 1 then {{ several_zones_key() }}
            else {{ absent_zone_key('demandes.type_demande') }}
        end as zone_absente_key,
        coalesce(reglements.nombre_paiements, 0) as nombre_paiements,
        coalesce(reglements.montant_declare, 0) as montant_regle_declare,
        coalesce(reglements.montant_confirme, 0) as montant_regle_confirme,
        {{ to_day('factures.emise_le') }} as date_creation,
        {{ to_day('factures.echeance_le') }} as date_echeance,
        case
            when factures.montant_total <= 0
                then {{ to_day(
                    'coalesce(factures.emise_le, factures.cree_le, factures.modifie_le)'
                ) }}
            else {{ to_day('coalesce(reglements.solde_le, factures.payee_le)') }}
        end as date_solde,
        coalesce(
            factures.statut not in ('Annulée', 'Remboursée', 'Échoué'), true
        ) as est_comptee,
        greatest(
            factures.modifie_le, reglements.modifie_le, demandes.modifie_le
        ) as source_modifie_a
    from factures
    left join reglements on factures.facture_id = reglements.facture_id
    left join zones_de_collecte on factures.collecte_id = zones_de_collecte.collecte_id
    left join zones_tenues on factures.facture_id = zones_tenues.facture_id
    left join demandes on factures.demande_id = demandes.demande_id

),

final as (

    select
        -- clés
        rassemblees.facture_id,
        rassemblees.entreprise_id,
        rassemblees.collecte_id,
        rassemblees.demande_id,
        rassemblees.zone_id,
        coalesce(entreprises.entreprise_key, {{ unknown_key() }}) as entreprise_key,
        coalesce(entreprises.domaine_key, {{ unknown_key() }}) as domaine_key,
        case
            when rassemblees.zone_id is null then rassemblees.zone_absente_key
            else coalesce(zones.zone_key, {{ unknown_key() }})
        end as zone_key,
        {{ date_key('rassemblees.date_creation') }} as date_creation_key,
        {{ date_key('rassemblees.date_echeance') }} as date_echeance_key,
        {{ date_key('rassemblees.date_solde') }} as date_solde_key,

        -- dimensions dégénérées
        rassemblees.numero_facture,
        rassemblees.statut,
        rassemblees.processus_origine,
        case
            when not rassemblees.est_comptee then 'annulée'
            when rassemblees.date_solde is not null then 'soldée'
            when rassemblees.montant_regle_declare > 0 then 'partielle'
            else 'impayée'
        end as statut_reglement,
        rassemblees.date_creation,
        rassemblees.date_echeance,
        rassemblees.date_solde,

        -- mesures
        rassemblees.montant_total,
        cast(rassemblees.montant_regle_declare as numeric(18, 2)) as montant_regle_declare,
        cast(rassemblees.montant_regle_confirme as numeric(18, 2)) as montant_regle_confirme,
        cast(
            case
                when rassemblees.est_comptee
                    then greatest(
                        rassemblees.montant_total - rassemblees.montant_regle_declare, 0
                    )
                else 0
            end as numeric(18, 2)
        ) as montant_restant_du,
        cast(rassemblees.nombre_paiements as integer) as nombre_paiements,
        cast(
            {{ days_from('rassemblees.date_creation', 'rassemblees.date_solde') }}
            as numeric(18, 2)
        ) as delai_paiement_jours,

        -- indicateurs
        rassemblees.est_comptee,

        -- traçabilité
        rassemblees.source_modifie_a,
        {{ change_stamps() }}
    from rassemblees
    left join entreprises
        on
            rassemblees.entreprise_id = entreprises.entreprise_id
            and {{ valid_at('entreprises', 'rassemblees.emise_le') }}
    left join zones on rassemblees.zone_id = zones.zone_id

)

select * from final
{{ in_key_order() }}
