-- A returned row is a measure whose total differs.
{%- set measures = [
    'mrr', 'mrr_avant', 'nouveau', 'reactivation', 'expansion', 'contraction', 'churn'
] %}

with attendu as (

    select {{ total_of(measures) }}
    from {{ ref('fait_abonnements_mois') }}

),

trouve as (

    select {{ total_of(measures) }}
    from {{ ref('mart_saas_mois') }}

)

{{ differing_totals('attendu', 'trouve', measures) }}
