-- No event of the three processes is lost between the facts and the months.
-- A returned row is a measure whose total differs.
with attendu as (

    select
        (select count(*) from {{ ref('fait_collectes') }}) as nombre_collectes,
        (
            select coalesce(sum(montant_recouvre), 0) from {{ ref('fait_collectes') }}
        ) as montant_recouvre,
        (select count(*) from {{ ref('fait_attributions') }}) as nombre_demandes,
        (
            select coalesce(sum(superficie_demandee_m2), 0) from {{ ref('fait_attributions') }}
        ) as superficie_demandee_m2,
        (
            select coalesce(sum(lots_sans_superficie), 0) from {{ ref('fait_attributions') }}
        ) as lots_sans_superficie,
        (
            select coalesce(sum(montant_regle_confirme), 0)
            from {{ ref('int_factures_par_mois') }}
        ) as montant_regle_confirme,
        (
            select coalesce(sum(nombre_factures_emises), 0)
            from {{ ref('int_factures_par_mois') }}
        ) as nombre_factures_emises,
        (
            select coalesce(sum(montant_facture + montant_annule), 0)
            from {{ ref('int_factures_par_mois') }}
        ) as montant_emis,
        (
            select coalesce(sum(montant_encaisse), 0)
            from {{ ref('int_paiements_par_mois') }}
        ) as montant_encaisse,
        (
            select coalesce(sum(montant_encaisse_confirme), 0)
            from {{ ref('int_paiements_par_mois') }}
        ) as montant_encaisse_confirme

),

trouve as (

    select
        coalesce(sum(nombre_collectes), 0) as nombre_collectes,
        coalesce(sum(montant_recouvre), 0) as montant_recouvre,
        coalesce(sum(nombre_demandes), 0) as nombre_demandes,
        coalesce(sum(superficie_demandee_m2), 0) as superficie_demandee_m2,
        coalesce(sum(lots_sans_superficie), 0) as lots_sans_superficie,
        coalesce(sum(montant_regle_confirme), 0) as montant_regle_confirme,
        coalesce(sum(nombre_factures_emises), 0) as nombre_factures_emises,
        coalesce(sum(montant_facture + montant_annule), 0) as montant_emis,
        coalesce(sum(montant_encaisse), 0) as montant_encaisse,
        coalesce(sum(montant_encaisse_confirme), 0) as montant_encaisse_confirme
    from {{ ref('mart_kpi_operationnels') }}

)

{{ differing_totals(
    'attendu',
    'trouve',
    [
        'nombre_collectes', 'montant_recouvre', 'nombre_demandes', 'superficie_demandee_m2',
        'lots_sans_superficie', 'montant_regle_confirme', 'nombre_factures_emises', 'montant_emis',
        'montant_encaisse', 'montant_encaisse_confirme'
    ]
) }}
