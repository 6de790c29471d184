-- Every case of each process is in the fact once. A returned row is a process whose number differs.
with attendu as (

    {% for processus, staging in {
        'implantation': 'stg_suivis_implantation',
        'infraction': 'stg_workflow_infractions',
        'infraction_convention': 'stg_workflow_infractions_conventions',
        'convention': 'stg_conventions',
        'impense': 'stg_impenses',
        'indemnisation': 'stg_indemnisations',
        'retrait_lot': 'stg_retrait_lots',
        'retrait_convention': 'stg_retrait_conventions',
        'sinistre': 'stg_sinistres',
    }.items() -%}
        select
            '{{ processus }}' as processus,
            count(*) as nombre
        from {{ ref(staging) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

trouve as (

    select
        processus,
        count(*) as nombre
    from {{ ref('fait_dossiers') }}
    group by processus

)

select
    attendu.processus,
    attendu.nombre as attendus,
    coalesce(trouve.nombre, 0) as trouves
from attendu
left join trouve on attendu.processus = trouve.processus
where attendu.nombre <> coalesce(trouve.nombre, 0)
