-- Every campaign sums its invoices.
-- A returned row is a measure whose total differs.
{%- set measures = [
    'nombre_factures', 'montant_facture', 'montant_regle_declare', 'montant_regle_confirme',
    'montant_restant_du'
] %}

with attendu as (

    select {{ total_of(measures) }}
    from {{ ref('int_factures_par_collecte') }}

),

trouve as (

    select {{ total_of(measures) }}
    from {{ ref('fait_collectes') }}

)

{{ differing_totals('attendu', 'trouve', measures) }}
