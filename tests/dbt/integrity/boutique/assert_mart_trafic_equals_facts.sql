-- A returned row is a measure whose total differs.
{%- set measures = ['sessions', 'utilisateurs', 'conversions', 'chiffre_affaires'] %}

with attendu as (

    select {{ total_of(measures) }}
    from {{ ref('fait_trafic_jour') }}

),

trouve as (

    select {{ total_of(measures) }}
    from {{ ref('mart_trafic') }}

)

{{ differing_totals('attendu', 'trouve', measures) }}
