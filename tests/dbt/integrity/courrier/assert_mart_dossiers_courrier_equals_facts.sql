-- A returned row is a measure whose total differs.
{%- set measures = [
    'nombre_dossiers', 'nombre_termines', 'duree_totale_jours', 'nombre_messages'
] %}

with dossiers as (

    select
        count(*) as nombre_dossiers,
        count(*) filter (where est_termine) as nombre_termines,
        coalesce(sum(duree_jours), 0) as duree_totale_jours
    from {{ ref('fait_dossiers_courrier') }}

),

messages as (

    select count(*) as nombre_messages
    from {{ ref('fait_messages_courrier') }}

),

attendu as (

    select
        dossiers.*,
        messages.nombre_messages
    from dossiers
    cross join messages

),

trouve as (

    select {{ total_of(measures) }}
    from {{ ref('mart_dossiers_courrier') }}

)

{{ differing_totals('attendu', 'trouve', measures) }}
