{{ config(
    unique_key=['zone_id', 'entreprise_id'],
    scope=['entreprise_id'],
    touched_by={'mart_performance_financiere': 'entreprise_id'},
    indexes=[{'columns': ['entreprise_id']}, {'columns': ['_changement']}],
    meta={'publie_trie_par': 'montant_restant_du'}
) }}

with performance as (

    select * from {{ ref('mart_performance_financiere') }}
    where {{ in_scope('entreprise_id') }}

),

groupees as (

    select
        zone_id,
        nom_zone,
        entreprise_id,
        raison_sociale,
        nom_domaine,
        {{ number_of('sum(nombre_factures)') }} as nombre_factures,
        {{ amount_of('sum(montant_facture)') }} as montant_facture,
        {{ amount_of('sum(montant_regle_declare)') }} as montant_regle_declare,
        {{ amount_of('sum(montant_regle_confirme)') }} as montant_regle_confirme,
        {{ amount_of('sum(montant_restant_du)') }} as montant_restant_du,
        {{ number_of('sum(nombre_factures_en_retard)') }} as nombre_factures_en_retard,
        {{ amount_of('sum(montant_en_retard)') }} as montant_en_retard,
        {{ amount_of('sum(montant_non_echu)') }} as montant_non_echu,
        {{ amount_of('sum(montant_sans_echeance)') }} as montant_sans_echeance,
        {{ amount_of('sum(montant_solde_sans_paiement)') }} as montant_solde_sans_paiement
    from performance
    group by zone_id, nom_zone, entreprise_id, raison_sociale, nom_domaine
    having sum(montant_restant_du) > 0

),

final as (

    select
        *,
        {{ rate_pct('montant_regle_declare', 'montant_facture') }} as taux_recouvrement_pct,
        {{ rate_pct('montant_regle_confirme', 'montant_facture') }}
            as taux_recouvrement_confirme_pct,
        {{ change_stamps() }}
    from groupees

)

select * from final
