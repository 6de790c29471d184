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
        {{ number_of('sum(nombre_factures)') }} as nombre_factures,
        {{ amount_of('sum(montant_facture)') }} as montant_facture,
        {{ number_of('sum(nombre_factures_annulees)') }} as nombre_factures_annulees,
        {{ amount_of('sum(montant_annule)') }} as montant_annule,
        {{ amount_of('sum(montant_regle_declare)') }} as montant_regle_declare,
        {{ amount_of('sum(montant_regle_confirme)') }} as montant_regle_confirme,
        {{ amount_of('sum(montant_restant_du)') }} as montant_restant_du,
        {{ number_of('sum(nombre_factures_soldees)') }} as nombre_factures_soldees,
        {{ number_of('sum(nombre_factures_en_retard)') }} as nombre_factures_en_retard,
        {{ amount_of('sum(montant_en_retard)') }} as montant_en_retard,
        {{ amount_of('sum(montant_non_echu)') }} as montant_non_echu,
        {{ amount_of('sum(montant_sans_echeance)') }} as montant_sans_echeance,
        {{ amount_of('sum(montant_solde_sans_paiement)') }} as montant_solde_sans_paiement,
        {{ number_of('sum(delai_paiement_total_jours)') }} as delai_paiement_total_jours
    from performance
    group by premier_jour_mois, annee, trimestre, mois, zone_id, nom_zone, nom_domaine

),

final as (

    select
        *,
        {{ is_to_come('premier_jour_mois') }} as est_a_venir,
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
