-- A returned row is a measure whose total differs.
{%- set measures = ['utilisateurs', 'sessions', 'vues', 'paniers', 'achats', 'chiffre_affaires'] %}

with attendu as (

    select {{ total_of(measures) }}
    from {{ ref('fait_activite_jour') }}

),

trouve as (

    select {{ total_of(measures) }}
    from {{ ref('mart_kpi_jour') }}

)

{{ differing_totals('attendu', 'trouve', measures) }}
