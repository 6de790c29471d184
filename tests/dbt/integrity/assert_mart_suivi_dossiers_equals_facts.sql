-- Every case is there once, by its process and state.
-- A returned row is a measure whose total differs.
{%- set measures = [
    'nombre_dossiers', 'dossiers_ouverts', 'nombre_clos', 'duree_totale_jours', 'montant'
] %}

with attendu as (

    select
        count(*) as nombre_dossiers,
        count(*) filter (where etat = 'ouvert') as dossiers_ouverts,
        count(duree_jours) filter (where etat = 'clos') as nombre_clos,
        coalesce(sum(duree_jours) filter (where etat = 'clos'), 0) as duree_totale_jours,
        coalesce(sum(montant), 0) as montant
    from {{ ref('fait_dossiers') }}

),

trouve as (

    select
        coalesce(sum(nombre_dossiers) filter (where etat = 'ouvert'), 0) as dossiers_ouverts,
        {{ total_of(['nombre_dossiers', 'nombre_clos', 'duree_totale_jours', 'montant']) }}
    from {{ ref('mart_suivi_dossiers') }}

)

{{ differing_totals('attendu', 'trouve', measures) }}
