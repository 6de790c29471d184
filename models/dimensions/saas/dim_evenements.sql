{{ config(unique_key=['nom_evenement']) }}

with connus as (

    {% for famille, noms in event_families().items() -%}
        {% set dernier = loop.last -%}
        {% for nom in noms -%}
            select
                '{{ nom }}' as nom_evenement,
                '{{ famille }}' as famille
            {{ 'union all' if not (dernier and loop.last) }}
        {% endfor -%}
    {% endfor %}

),

observes as (

    select distinct nom_evenement from {{ ref('stg_saas_evenements') }}

),

final as (

    select
        coalesce(connus.nom_evenement, observes.nom_evenement) as nom_evenement,
        coalesce(connus.famille, 'autre') as famille,
        connus.nom_evenement is not null as est_connu,
        {{ change_stamps() }}
    from connus
    full outer join observes on connus.nom_evenement = observes.nom_evenement

)

select * from final
