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
        ) as montant_encaisse

),

trouve as (

    select
        coalesce(sum(nombre_collectes), 0) as nombre_collectes,
        coalesce(sum(montant_recouvre), 0) as montant_recouvre,
        coalesce(sum(nombre_demandes), 0) as nombre_demandes,
        coalesce(sum(nombre_factures_emises), 0) as nombre_factures_emises,
        coalesce(sum(montant_facture + montant_annule), 0) as montant_emis,
        coalesce(sum(montant_encaisse), 0) as montant_encaisse
    from {{ ref('mart_kpi_operationnels') }}

)

{{ differing_totals(
    'attendu',
    'trouve',
    [
        'nombre_collectes', 'montant_recouvre', 'nombre_demandes', 'nombre_factures_emises',
        'montant_emis', 'montant_encaisse'
    ]
) }}
