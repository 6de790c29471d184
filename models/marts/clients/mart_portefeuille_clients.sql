{%- set its_client = ['entreprise_id', {'entreprise_id': unknown_key()}] -%}
{{ config(
    unique_key=['entreprise_id'],
    touched_by={
        'dim_entreprises': its_client,
        'fait_factures': its_client,
        'fait_attributions': its_client,
        'pont_attributions_lots': its_client,
        'dim_lots': ['lot_id in pont_attributions_lots', {'entreprise_id': unknown_key()}]
    },
    touched_when_due={
        'relation': 'fait_factures',
        'day': 'date_echeance',
        'condition': is_open(),
        'touches': [{'entreprise_id': 'entreprise_id'}, {'entreprise_id': unknown_key()}]
    },
    indexes=[{'columns': ['_changement']}],
    meta={'publie_trie_par': 'chiffre_affaires_total'}
) }}

with clients as (

    select * from {{ ref('dim_entreprises') }}
    where is_current and {{ in_scope('entreprise_id') }}

),

porteurs as (

    select *
    from ({{ clients_of_versions() }}) as versions
    where {{ in_scope('client_id') }}

),

factures as (

    select
        porteurs.client_id,
        factures.*,
        {{ is_settled('factures') }} as est_soldee,
        {{ is_late('factures') }} as est_en_retard
    from {{ ref('fait_factures') }} as factures
    inner join porteurs on factures.entreprise_key = porteurs.entreprise_key

),

demandes as (

    select
        porteurs.client_id,
        demandes.*
    from {{ ref('fait_attributions') }} as demandes
    inner join porteurs on demandes.entreprise_key = porteurs.entreprise_key

),

lots as (

    select * from {{ ref('dim_lots') }}
    where is_current

),

facturation as (

    select
        client_id,
        count(*) filter (where est_comptee) as nombre_factures,
        sum(montant_total) filter (where est_comptee) as chiffre_affaires_total,
        sum(montant_regle_declare) filter (where est_comptee) as montant_regle_declare,
        sum(montant_regle_confirme) filter (where est_comptee) as montant_regle_confirme,
        sum(montant_restant_du) as montant_restant_du,
        count(*) filter (where est_soldee) as nombre_factures_soldees,
        count(*) filter (where est_en_retard) as nombre_factures_en_retard,
        sum(delai_paiement_jours) filter (where est_soldee) as delai_paiement_jours,
        count(delai_paiement_jours) filter (where est_soldee) as nombre_delais,
        max(date_creation) filter (where est_comptee) as date_derniere_facture
    from factures
    group by client_id

),

demandes_par_client as (

    select
        client_id,
        count(*) as nombre_demandes,
        count(*) filter (where est_approuve) as demandes_approuvees
    from demandes
    group by client_id

),

lots_attribues as (

    select
        demandes.client_id,
        ponts.lot_id
    from demandes
    inner join {{ ref('pont_attributions_lots') }} as ponts
        on demandes.demande_id = ponts.demande_id
    where demandes.est_approuve
    group by demandes.client_id, ponts.lot_id

),

attributions as (

    select
        lots_attribues.client_id,
        count(*) as nombre_lots_attribues,
        count(*) - count(lots.superficie_m2) as lots_sans_superficie,
        sum(lots.superficie_m2) as superficie_attribuee_m2
    from lots_attribues
    left join lots on lots_attribues.lot_id = lots.lot_id
    group by lots_attribues.client_id

),

final as (

    select
        clients.entreprise_id,
        clients.raison_sociale,
        clients.forme_juridique,
        clients.nom_domaine as secteur_activite,
        {{ number_of('facturation.nombre_factures') }} as nombre_factures,
        {{ amount_of('facturation.chiffre_affaires_total') }} as chiffre_affaires_total,
        {{ amount_of('facturation.montant_regle_declare') }} as montant_regle_declare,
        {{ amount_of('facturation.montant_regle_confirme') }} as montant_regle_confirme,
        {{ amount_of('facturation.montant_restant_du') }} as montant_restant_du,
        {{ number_of('facturation.nombre_factures_soldees') }} as nombre_factures_soldees,
        {{ number_of('facturation.nombre_factures_en_retard') }} as nombre_factures_en_retard,
        {{ rate_pct(
            'facturation.montant_regle_declare', 'facturation.chiffre_affaires_total'
        ) }} as taux_recouvrement_pct,
        {{ rate_pct(
            'facturation.montant_regle_confirme', 'facturation.chiffre_affaires_total'
        ) }} as taux_recouvrement_confirme_pct,
        cast(
            {{ safe_divide('facturation.delai_paiement_jours', 'facturation.nombre_delais') }}
            as numeric(18, 2)
        ) as delai_paiement_moyen_jours,
        facturation.date_derniere_facture,
        {{ number_of('demandes_par_client.nombre_demandes') }} as nombre_demandes,
        {{ number_of('demandes_par_client.demandes_approuvees') }} as demandes_approuvees,
        {{ amount_of('attributions.superficie_attribuee_m2') }} as superficie_attribuee_m2,
        {{ number_of('attributions.nombre_lots_attribues') }} as nombre_lots_attribues,
        {{ number_of('attributions.lots_sans_superficie') }} as lots_sans_superficie,
        case
            when facturation.chiffre_affaires_total > {{ var('seuil_grand_client') }}
                then 'Grand client'
            when facturation.chiffre_affaires_total > {{ var('seuil_client_moyen') }}
                then 'Client moyen'
            else 'Petit client'
        end as segment_client,
        case
            when
                facturation.nombre_factures_en_retard
                > {{ var('seuil_risque_eleve') }} * facturation.nombre_factures
                then 'Risque élevé'
            when
                facturation.nombre_factures_en_retard
                > {{ var('seuil_risque_moyen') }} * facturation.nombre_factures
                then 'Risque moyen'
            else 'Risque faible'
        end as niveau_risque,
        {{ change_stamps() }}
    from clients
    left join facturation on clients.entreprise_id = facturation.client_id
    left join demandes_par_client on clients.entreprise_id = demandes_par_client.client_id
    left join attributions on clients.entreprise_id = attributions.client_id
    where
        clients.entreprise_key <> {{ unknown_key() }}
        or facturation.client_id is not null
        or demandes_par_client.client_id is not null

)

select * from final
