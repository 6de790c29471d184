-- Every campaign sums its invoices.
-- A returned row is a measure whose total differs.
with attendu as (

    select {{ total_of(['nombre_factures', 'montant_facture', 'montant_regle_declare']) }}
    from {{ ref('int_factures_par_collecte') }}

),

trouve as (

    select {{ total_of(['nombre_factures', 'montant_facture', 'montant_regle_declare']) }}
    from {{ ref('fait_collectes') }}

)

{{ differing_totals(
    'attendu', 'trouve', ['nombre_factures', 'montant_facture', 'montant_regle_declare']
) }}
