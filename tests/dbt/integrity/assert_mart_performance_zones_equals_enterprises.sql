-- The months of a zone hold what the mart of their enterprises holds.
-- A returned row is a measure whose total differs.
{%- set measures = [
    'nombre_factures', 'nombre_factures_annulees', 'nombre_factures_soldees',
    'nombre_factures_en_retard', 'montant_facture', 'montant_annule', 'montant_regle_declare',
    'montant_regle_confirme', 'montant_restant_du', 'montant_en_retard', 'montant_non_echu',
    'montant_sans_echeance', 'montant_solde_sans_paiement', 'delai_paiement_total_jours'
] -%}
{%- set keys = ['premier_jour_mois', 'zone_id', 'nom_domaine'] -%}
{%- set changed = tested_key(
    '(' ~ keys | join(', ') ~ ')',
    [
        changes_of(ref('mart_performance_financiere'), keys),
        changes_of(ref('mart_performance_zones'), keys)
    ],
    keys | join(', ')
) %}

with attendu as (

    select {{ total_of(measures) }}
    from {{ ref('mart_performance_financiere') }}
    where {{ changed }}

),

trouve as (

    select {{ total_of(measures) }}
    from {{ ref('mart_performance_zones') }}
    where {{ changed }}

)

{{ differing_totals('attendu', 'trouve', measures) }}
