-- Every agent of a campaign that exists is in the fact once, in his role.
-- A returned row is a measure whose total differs.
with attendu as (

    select
        count(*) as nombre_affectations,
        count(*) filter (where affectations.role = 'responsable') as nombre_responsables
    from {{ ref('stg_collecte_agents') }} as affectations
    inner join {{ ref('stg_collectes') }} as collectes
        on affectations.collecte_id = collectes.collecte_id

),

trouve as (

    select
        count(*) as nombre_affectations,
        count(*) filter (where est_responsable) as nombre_responsables
    from {{ ref('fait_affectations_collectes') }}

)

{{ differing_totals('attendu', 'trouve', ['nombre_affectations', 'nombre_responsables']) }}
