{{ config(
    unique_key=['facture_id'],
    scope_keys=['facture_id'],
    former_columns=['facture_id', 'entreprise_key', 'date_creation'],
    pre_hook=[
        "{{ prepare_former_rows() }}",
        "{{ prepare_scope(ref('int_factures_touchees'), ['facture_id']) }}"
    ],
    indexes=[
        {'columns': ['entreprise_key', 'date_creation']},
        {'columns': ['_changement']}
    ],
    post_hook=[
        "{{ index_more('a_echoir', ['date_echeance'], where='est_comptee and date_solde is null') }}",
        "{{ index_more('sans_trace', ['facture_id'], where=paid_without_trace()) }}"
    ]
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

zones as (

    select * from {{ ref('dim_zones_industrielles') }}

),

paiements_cumules as (

    select
        *,
        sum(montant_paiement) over (
            partition by facture_id order by paye_le, paiement_id
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
        -- A payment taken back can leave an invoice open that was settled for a while.
        case
            when sum(paiements_cumules.montant_paiement) >= max(factures.montant_total)
                then min(paiements_cumules.paye_le) filter (
                    where paiements_cumules.cumul >= factures.montant_total
                )
        end as solde_le,
        max(paiements_cumules.modifie_le) as modifie_le
    from paiements_cumules
    inner join factures on paiements_cumules.facture_id = factures.facture_id
    group by factures.facture_id

),

zones_uniques as (

    select
        collecte_id,
        max(zone_id) as zone_id
    from collecte_zones
    group by collecte_id
    having count(*) = 1

),

rassemblees as (

    select
        factures.*,
        coalesce(zones_uniques.zone_id, demandes.zone_id) as zone_id,
        coalesce(reglements.nombre_paiements, 0) as nombre_paiements,
        coalesce(reglements.montant_declare, 0) as montant_regle_declare,
        coalesce(reglements.montant_confirme, 0) as montant_regle_confirme,
        {{ to_day('factures.emise_le') }} as date_creation,
        {{ to_day('factures.echeance_le') }} as date_echeance,
        case
            when factures.montant_total <= 0 then {{ to_day('factures.emise_le') }}
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
    left join zones_uniques on factures.collecte_id = zones_uniques.collecte_id
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
        coalesce(zones.zone_key, {{ unknown_key() }}) as zone_key,
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
