{{ config(unique_key=['secteur_activite', 'segment_client', 'niveau_risque']) }}

with clients as (

    select * from {{ ref('mart_portefeuille_clients') }}

),

groupes as (

    select
        secteur_activite,
        segment_client,
        niveau_risque,
        {{ number_of('count(*)', where='entreprise_id <> ' ~ unknown_key()) }}
            as nombre_entreprises,
        {{ number_of('sum(nombre_factures)') }} as nombre_factures,
        {{ amount_of('sum(chiffre_affaires_total)') }} as chiffre_affaires_total,
        {{ amount_of('sum(montant_regle_declare)') }} as montant_regle_declare,
        {{ amount_of('sum(montant_regle_confirme)') }} as montant_regle_confirme,
        {{ amount_of('sum(montant_restant_du)') }} as montant_restant_du,
        {{ number_of('sum(nombre_factures_soldees)') }} as nombre_factures_soldees,
        {{ number_of('sum(nombre_factures_en_retard)') }} as nombre_factures_en_retard,
        {{ number_of('sum(nombre_demandes)') }} as nombre_demandes,
        {{ number_of('sum(demandes_approuvees)') }} as demandes_approuvees,
        {{ amount_of('sum(superficie_attribuee_m2)') }} as superficie_attribuee_m2,
        {{ number_of('sum(nombre_lots_attribues)') }} as nombre_lots_attribues,
        {{ number_of('sum(lots_sans_superficie)') }} as lots_sans_superficie
    from clients
    group by secteur_activite, segment_client, niveau_risque

),

final as (

    select
        *,
        {{ rate_pct('montant_regle_declare', 'chiffre_affaires_total') }} as taux_recouvrement_pct,
        {{ rate_pct('montant_regle_confirme', 'chiffre_affaires_total') }}
            as taux_recouvrement_confirme_pct,
        {{ change_stamps() }}
    from groupes

)

select * from final
