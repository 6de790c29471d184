{{ config(
    unique_key=['facture_id', 'zone_id'],
    scope=['facture_id'],
    touched_by={
        'fait_factures': 'facture_id',
        'dim_entreprises': 'entreprise_id',
        'dim_zones_industrielles': 'zone_id'
    },
    touched_when_due={
        'relation': 'fait_factures',
        'day': 'date_echeance',
        'days_later': age_limits(),
        'condition': is_open(),
        'touches': {'facture_id': 'facture_id'}
    },
    indexes=[{'columns': ['entreprise_id']}, {'columns': ['_changement']}],
    meta={'publie_trie_par': 'montant_restant_du'}
) }}

with factures as (

    select * from {{ ref('fait_factures') }}
    where {{ in_scope('facture_id') }}

),

versions as (

    select * from {{ ref('dim_entreprises') }}

),

entreprises as (

    {{ latest_enterprises() }}

),

zones as (

    select * from {{ ref('dim_zones_industrielles') }}

),

final as (

    select
        factures.facture_id,
        factures.numero_facture,
        entreprises.entreprise_id,
        entreprises.raison_sociale,
        entreprises.nom_domaine,
        zones.zone_id,
        zones.nom_zone,
        factures.processus_origine,
        {{ source_word('processus_origine', 'factures.processus_origine') }}
            as nom_processus_origine,
        factures.date_creation,
        factures.date_echeance,
        factures.date_solde,
        factures.statut,
        factures.statut_reglement,
        {{ is_late('factures') }} as est_en_retard,
        -- Days late would change every late row every day: the tranche does it five times.
        case
            when factures.montant_restant_du > 0
                then {{ age_tranche_at(age_tranche_of('factures')) }}
        end as tranche,
        factures.montant_total,
        factures.montant_regle_declare,
        factures.montant_regle_confirme,
        factures.montant_restant_du,
        factures.nombre_paiements,
        case
            when factures.est_comptee
                then {{ rate_pct('factures.montant_regle_declare', 'factures.montant_total') }}
        end as taux_recouvrement_pct,
        case
            when factures.est_comptee
                then {{ rate_pct('factures.montant_regle_confirme', 'factures.montant_total') }}
        end as taux_recouvrement_confirme_pct,
        {{ change_stamps() }}
    from factures
    inner join versions on factures.entreprise_key = versions.entreprise_key
    inner join entreprises on versions.entreprise_id = entreprises.entreprise_id
    inner join zones on factures.zone_key = zones.zone_key

)

select * from final
{{ in_key_order() }}
