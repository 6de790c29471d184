{{ config(unique_key=['secteur_activite', 'segment_client', 'niveau_risque']) }}

with clients as (

    select * from {{ ref('mart_portefeuille_clients') }}

),

groupes as (

    select
        secteur_activite,
        segment_client,
        niveau_risque,
        count(*) filter (where entreprise_id <> {{ unknown_key() }}) as nombre_entreprises,
        sum(nombre_factures) as nombre_factures,
        sum(chiffre_affaires_total) as chiffre_affaires_total,
        sum(montant_regle_declare) as montant_regle_declare,
        sum(montant_regle_confirme) as montant_regle_confirme,
        sum(montant_restant_du) as montant_restant_du,
        sum(nombre_factures_soldees) as nombre_factures_soldees,
        sum(nombre_factures_en_retard) as nombre_factures_en_retard,
        sum(nombre_demandes) as nombre_demandes,
        sum(demandes_approuvees) as demandes_approuvees,
        sum(superficie_attribuee_m2) as superficie_attribuee_m2,
        sum(nombre_lots_attribues) as nombre_lots_attribues,
        sum(lots_sans_superficie) as lots_sans_superficie
    from clients
    group by secteur_activite, segment_client, niveau_risque

),

final as (

    select
        secteur_activite,
        segment_client,
        niveau_risque,
        cast(nombre_entreprises as integer) as nombre_entreprises,
        cast(nombre_factures as integer) as nombre_factures,
        cast(chiffre_affaires_total as numeric(18, 2)) as chiffre_affaires_total,
        cast(montant_regle_declare as numeric(18, 2)) as montant_regle_declare,
        cast(montant_regle_confirme as numeric(18, 2)) as montant_regle_confirme,
        cast(montant_restant_du as numeric(18, 2)) as montant_restant_du,
        cast(nombre_factures_soldees as integer) as nombre_factures_soldees,
        cast(nombre_factures_en_retard as integer) as nombre_factures_en_retard,
        {{ rate_pct('montant_regle_declare', 'chiffre_affaires_total') }} as taux_recouvrement_pct,
        {{ rate_pct('montant_regle_confirme', 'chiffre_affaires_total') }}
            as taux_recouvrement_confirme_pct,
        cast(nombre_demandes as integer) as nombre_demandes,
        cast(demandes_approuvees as integer) as demandes_approuvees,
        cast(superficie_attribuee_m2 as numeric(18, 2)) as superficie_attribuee_m2,
        cast(nombre_lots_attribues as integer) as nombre_lots_attribues,
        cast(lots_sans_superficie as integer) as lots_sans_superficie,
        {{ change_stamps() }}
    from groupes

)

select * from final
