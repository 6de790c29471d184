-- No event of a request, and none that waits, is lost or counted twice by the mart's grain.
-- A returned row is a measure whose total differs.
{%- set measures = [
    'nombre_passages', 'nombre_retours', 'demandes_en_cours', 'duree_totale_jours', 'nombre_durees'
] %}

with attentes as (

    select count(*) as demandes_en_cours
    from {{ ref('fait_attributions') }}
    where est_en_attente

),

passages as (

    select
        count(*) as nombre_passages,
        count(*) filter (where est_retour) as nombre_retours,
        coalesce(sum(duree_jours), 0) as duree_totale_jours,
        count(duree_jours) as nombre_durees
    from {{ ref('fait_etapes_demandes') }}

),

attendu as (

    select
        passages.*,
        attentes.demandes_en_cours
    from passages
    cross join attentes

),

trouve as (

    select {{ total_of(measures) }}
    from {{ ref('mart_parcours_demandes') }}

)

{{ differing_totals('attendu', 'trouve', measures) }}
