-- No payment is lost or counted twice by the mart's grain.
-- A returned row is a measure whose total differs.
{%- set measures = ['nombre_paiements', 'montant_declare', 'montant_confirme'] %}

with attendu as (

    select
        coalesce(sum(nombre_paiements), 0) as nombre_paiements,
        coalesce(sum(montant_encaisse), 0) as montant_declare,
        coalesce(sum(montant_encaisse_confirme), 0) as montant_confirme
    from {{ ref('int_paiements_par_mois') }}

),

trouve as (

    select {{ total_of(measures) }}
    from {{ ref('mart_encaissements') }}

)

{{ differing_totals('attendu', 'trouve', measures) }}
