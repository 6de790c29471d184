{{ config(unique_key=['premier_jour_mois']) }}

with collectes as (

    select
        *,
        {{ month_of('date_debut') }} as premier_jour_mois
    from {{ ref('fait_collectes') }}

),

demandes as (

    select
        *,
        {{ month_of('date_demande') }} as premier_jour_mois
    from {{ ref('fait_attributions') }}

),

collectes_par_mois as (

    select
        premier_jour_mois,
        count(*) as nombre_collectes,
        count(*) filter (where est_cloturee) as collectes_cloturees,
        sum(montant_a_recouvrer) as montant_a_recouvrer,
        sum(montant_recouvre) as montant_recouvre
    from collectes
    group by premier_jour_mois

),

demandes_par_mois as (

    select
        premier_jour_mois,
        count(*) as nombre_demandes,
        count(*) filter (where est_approuve) as demandes_approuvees,
        count(*) filter (where est_rejete) as demandes_rejetees,
        count(*) filter (where est_en_attente) as demandes_en_attente,
        sum(delai_traitement_jours) as delai_traitement_jours,
        count(delai_traitement_jours) as demandes_decidees,
        sum(superficie_demandee_m2) as superficie_demandee_m2,
        sum(lots_sans_superficie) as lots_sans_superficie
    from demandes
    group by premier_jour_mois

),

factures_par_mois as (

    select
        premier_jour_mois,
        sum(nombre_factures_emises) as nombre_factures_emises,
        sum(factures_soldees) as factures_soldees,
        sum(montant_facture) as montant_facture,
        sum(nombre_factures_annulees) as nombre_factures_annulees,
        sum(montant_annule) as montant_annule,
        sum(montant_regle_declare) as montant_regle_declare,
        sum(montant_regle_confirme) as montant_regle_confirme,
        -- Nobody knows how long after an unknown day.
        sum(delai_paiement_jours) filter (
            where premier_jour_mois <> {{ unknown_month() }}
        ) as delai_paiement_jours
    from {{ ref('int_factures_par_mois') }}
    group by premier_jour_mois

),

paiements_par_mois as (

    select
        premier_jour_mois,
        sum(nombre_paiements) as nombre_paiements,
        sum(montant_encaisse) as montant_encaisse,
        sum(montant_encaisse_confirme) as montant_encaisse_confirme
    from {{ ref('int_paiements_par_mois') }}
    group by premier_jour_mois

),

evenements as (

    select premier_jour_mois from collectes_par_mois
    union
    select premier_jour_mois from demandes_par_mois
    union
    select premier_jour_mois from factures_par_mois
    union
    select premier_jour_mois from paiements_par_mois

),

bornes as (

    select
        min(premier_jour_mois) as premier,
        max(premier_jour_mois) as dernier
    from evenements
    where premier_jour_mois <> {{ unknown_month() }}

),

-- An event outside the calendar keeps its month; only empty months come from the calendar.
mois_couverts as (

    select temps.date_jour as premier_jour_mois
    from {{ ref('dim_temps') }} as temps
    inner join bornes on temps.date_jour between bornes.premier and bornes.dernier
    where temps.jour = 1
    union
    select evenements.premier_jour_mois from evenements

),

final as (

    select
        mois_couverts.premier_jour_mois,
        {{ parts_of_month('mois_couverts.premier_jour_mois') }},
        {{ number_of('collectes_par_mois.nombre_collectes') }} as nombre_collectes,
        {{ number_of('collectes_par_mois.collectes_cloturees') }} as collectes_cloturees,
        {{ amount_of('collectes_par_mois.montant_a_recouvrer') }} as montant_a_recouvrer,
        {{ amount_of('collectes_par_mois.montant_recouvre') }} as montant_recouvre,
        {{ rate_pct(
            'collectes_par_mois.montant_recouvre', 'collectes_par_mois.montant_a_recouvrer'
        ) }} as taux_recouvrement_pct,
        {{ rate_pct(
            'collectes_par_mois.collectes_cloturees', 'collectes_par_mois.nombre_collectes'
        ) }} as taux_cloture_pct,
        {{ number_of('demandes_par_mois.nombre_demandes') }} as nombre_demandes,
        {{ number_of('demandes_par_mois.demandes_approuvees') }} as demandes_approuvees,
        {{ number_of('demandes_par_mois.demandes_rejetees') }} as demandes_rejetees,
        {{ number_of('demandes_par_mois.demandes_en_attente') }} as demandes_en_attente,
        {{ rate_pct(
            'demandes_par_mois.demandes_approuvees',
            'demandes_par_mois.demandes_approuvees + demandes_par_mois.demandes_rejetees'
        ) }} as taux_approbation_pct,
        cast(
            {{ safe_divide(
                'demandes_par_mois.delai_traitement_jours', 'demandes_par_mois.demandes_decidees'
            ) }} as numeric(18, 2)
        ) as delai_moyen_traitement_jours,
        {{ amount_of('demandes_par_mois.superficie_demandee_m2') }} as superficie_demandee_m2,
        {{ number_of('demandes_par_mois.lots_sans_superficie') }} as lots_sans_superficie,
        {{ number_of('factures_par_mois.nombre_factures_emises') }} as nombre_factures_emises,
        {{ number_of('factures_par_mois.factures_soldees') }} as factures_soldees,
        {{ amount_of('factures_par_mois.montant_facture') }} as montant_facture,
        {{ number_of('factures_par_mois.nombre_factures_annulees') }} as nombre_factures_annulees,
        {{ amount_of('factures_par_mois.montant_annule') }} as montant_annule,
        {{ amount_of('factures_par_mois.montant_regle_declare') }} as montant_regle_declare,
        {{ amount_of('factures_par_mois.montant_regle_confirme') }} as montant_regle_confirme,
        {{ rate_pct(
            'factures_par_mois.montant_regle_confirme', 'factures_par_mois.montant_facture'
        ) }} as taux_recouvrement_confirme_pct,
        cast(
            {{ safe_divide(
                'factures_par_mois.delai_paiement_jours', 'factures_par_mois.factures_soldees'
            ) }} as numeric(18, 2)
        ) as delai_paiement_moyen_jours,
        {{ number_of('paiements_par_mois.nombre_paiements') }} as nombre_paiements,
        {{ amount_of('paiements_par_mois.montant_encaisse') }} as montant_encaisse,
        {{ amount_of('paiements_par_mois.montant_encaisse_confirme') }}
            as montant_encaisse_confirme,
        {{ change_stamps() }}
    from mois_couverts
    left join collectes_par_mois
        on mois_couverts.premier_jour_mois = collectes_par_mois.premier_jour_mois
    left join demandes_par_mois
        on mois_couverts.premier_jour_mois = demandes_par_mois.premier_jour_mois
    left join factures_par_mois
        on mois_couverts.premier_jour_mois = factures_par_mois.premier_jour_mois
    left join paiements_par_mois
        on mois_couverts.premier_jour_mois = paiements_par_mois.premier_jour_mois

)

select * from final
