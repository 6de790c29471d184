{% set dettes = ['montant_restant_du', 'montant_sans_echeance', 'montant_solde_sans_paiement'] %}

-- No invoice is lost or counted twice by the mart's grain, nor any part of what is left to pay.
-- A returned row is a measure whose total differs.
with factures as (

    select factures.*
    from {{ ref('fait_factures') }} as factures
    inner join {{ ref('dim_entreprises') }} as versions
        on factures.entreprise_key = versions.entreprise_key
    {%- if tested_change() is not none %}
    inner join {{ touched_keys_of(ref('mart_performance_financiere')) }} as changements
        on
            versions.entreprise_id = changements.entreprise_id
            and {{ in_month('factures.date_creation', 'changements.premier_jour_mois') }}
    {%- endif %}

),

attendu as (

    select
        count(*) filter (where est_comptee) as nombre_factures,
        count(*) filter (where not est_comptee) as nombre_factures_annulees,
        coalesce(sum(montant_total), 0) as montant_emis,
        coalesce(sum(montant_regle_declare) filter (where est_comptee), 0) as montant_declare,
        coalesce(sum(montant_regle_confirme) filter (where est_comptee), 0) as montant_confirme,
        coalesce(sum(montant_restant_du), 0) as montant_restant_du,
        -- Together: which of the two it is follows the day on which the mart was made.
        coalesce(sum(montant_restant_du) filter (
            where statut_reglement <> 'soldée' and date_echeance is not null
        ), 0) as montant_a_echeance,
        coalesce(sum(montant_restant_du) filter (
            where statut_reglement <> 'soldée' and date_echeance is null
        ), 0) as montant_sans_echeance,
        coalesce(sum(montant_restant_du) filter (
            where statut_reglement = 'soldée'
        ), 0) as montant_solde_sans_paiement
    from factures

),

trouve as (

    select
        coalesce(sum(nombre_factures), 0) as nombre_factures,
        coalesce(sum(nombre_factures_annulees), 0) as nombre_factures_annulees,
        coalesce(sum(montant_facture + montant_annule), 0) as montant_emis,
        coalesce(sum(montant_regle_declare), 0) as montant_declare,
        coalesce(sum(montant_regle_confirme), 0) as montant_confirme,
        coalesce(sum(montant_en_retard + montant_non_echu), 0) as montant_a_echeance,
        {{ total_of(dettes) }}
    from {{ ref('mart_performance_financiere') }}
    where {{ tested_key(
        '(premier_jour_mois, entreprise_id)',
        [touched_keys_of(ref('mart_performance_financiere'))],
        'premier_jour_mois, entreprise_id'
    ) }}

)

{{ differing_totals(
    'attendu',
    'trouve',
    [
        'nombre_factures', 'nombre_factures_annulees', 'montant_emis', 'montant_declare',
        'montant_confirme', 'montant_a_echeance'
    ] + dettes
) }}
