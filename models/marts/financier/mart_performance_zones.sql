{{ config(
    unique_key=['premier_jour_mois', 'zone_id', 'nom_domaine'],
    touched_by={
        'mart_performance_financiere': {
            'premier_jour_mois': 'premier_jour_mois',
            'zone_id': 'zone_id',
            'nom_domaine': 'nom_domaine'
        }
    },
    indexes=[{'columns': ['_changement']}]
) }}

with performance as (

    select performance.*
    from {{ ref('mart_performance_financiere') }} as performance
    {%- if is_scoped() %}
    inner join {{ scope_table() }} as touches
        on
            performance.premier_jour_mois = touches.premier_jour_mois
            and performance.zone_id = touches.zone_id
            and performance.nom_domaine = touches.nom_domaine
    {%- endif %}

),

groupees as (

    select
        premier_jour_mois,
        annee,
        trimestre,
        mois,
        zone_id,
        nom_zone,
        nom_domaine,
        sum(nombre_factures) as nombre_factures,
        sum(montant_facture) as montant_facture,
        sum(nombre_factures_annulees) as nombre_factures_annulees,
        sum(montant_annule) as montant_annule,
        sum(montant_regle_declare) as montant_regle_declare,
        sum(montant_regle_confirme) as montant_regle_confirme,
        sum(montant_restant_du) as montant_restant_du,
        sum(nombre_factures_soldees) as nombre_factures_soldees,
        sum(nombre_factures_en_retard) as nombre_factures_en_retard,
        sum(montant_en_retard) as montant_en_retard,
        sum(montant_non_echu) as montant_non_echu,
        sum(montant_sans_echeance) as montant_sans_echeance,
        sum(montant_solde_sans_paiement) as montant_solde_sans_paiement,
        sum(delai_paiement_total_jours) as delai_paiement_total_jours
    from performance
    group by premier_jour_mois, annee, trimestre, mois, zone_id, nom_zone, nom_domaine

),

final as (

    select
        premier_jour_mois,
        annee,
        trimestre,
        mois,
        zone_id,
        nom_zone,
        nom_domaine,
        cast(nombre_factures as integer) as nombre_factures,
        cast(montant_facture as numeric(18, 2)) as montant_facture,
        cast(nombre_factures_annulees as integer) as nombre_factures_annulees,
        cast(montant_annule as numeric(18, 2)) as montant_annule,
        cast(montant_regle_declare as numeric(18, 2)) as montant_regle_declare,
        cast(montant_regle_confirme as numeric(18, 2)) as montant_regle_confirme,
        cast(montant_restant_du as numeric(18, 2)) as montant_restant_du,
        cast(nombre_factures_soldees as integer) as nombre_factures_soldees,
        cast(nombre_factures_en_retard as integer) as nombre_factures_en_retard,
        cast(montant_en_retard as numeric(18, 2)) as montant_en_retard,
        cast(montant_non_echu as numeric(18, 2)) as montant_non_echu,
        cast(montant_sans_echeance as numeric(18, 2)) as montant_sans_echeance,
        cast(montant_solde_sans_paiement as numeric(18, 2)) as montant_solde_sans_paiement,
        cast(delai_paiement_total_jours as integer) as delai_paiement_total_jours,
        cast(
            -- Nobody knows how long after an unknown day.
            case
                when premier_jour_mois <> {{ unknown_month() }}
                    then {{ safe_divide('delai_paiement_total_jours', 'nombre_factures_soldees') }}
            end as numeric(18, 2)
        ) as delai_paiement_moyen_jours,
        {{ rate_pct('montant_regle_declare', 'montant_facture') }} as taux_recouvrement_pct,
        {{ rate_pct('montant_regle_confirme', 'montant_facture') }}
            as taux_recouvrement_confirme_pct,
        {{ rate_pct('nombre_factures_soldees', 'nombre_factures') }} as taux_factures_soldees_pct,
        {{ change_stamps() }}
    from groupees

)

select * from final
