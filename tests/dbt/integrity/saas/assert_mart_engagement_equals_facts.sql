-- A returned row is a measure whose total differs.
{%- set measures = ['messages', 'jetons'] %}

with attendu as (

    select {{ total_of(measures) }}
    from {{ ref('fait_messages_saas') }}

),

trouve as (

    select {{ total_of(measures) }}
    from {{ ref('mart_engagement') }}

)

{{ differing_totals('attendu', 'trouve', measures) }}
