{{ config(unique_key=['scenario_id']) }}

with jours as (

    select
        scenario_id,
        date_jour,
        {% for variante in ['control', 'variant'] -%}
            {% for mesure in ['vues', 'paniers', 'achats'] -%}
                sum({{ mesure }}) filter (where variante = '{{ variante }}')
                    as {{ mesure }}_{{ variante }},
            {% endfor -%}
        {% endfor -%}
        count(*) as variantes
    from {{ ref('fait_experiences_jour') }}
    group by scenario_id, date_jour

),

-- The shop's own page looked at one metric for all experiments, day by day.
page_de_la_boutique as (

    select
        scenario_id,
        min({{ two_sided_p('z') }}) as plus_petite_p
    from (
        select
            scenario_id,
            {{ proportions_z(
                'paniers_control', 'vues_control', 'paniers_variant', 'vues_variant'
            ) }} as z
        from jours
    ) as par_jour
    group by scenario_id

),

sommes as (

    select
        dimension.scenario_id,
        dimension.nom_scenario,
        dimension.metrique_cible,
        {% for variante in ['control', 'variant'] -%}
            sum(
                case dimension.metrique_cible
                    when 'cart_to_purchase' then jours.paniers_{{ variante }}
                    else jours.vues_{{ variante }}
                end
            ) as essais_{{ variante }},
            sum(
                case dimension.metrique_cible
                    when 'view_to_cart' then jours.paniers_{{ variante }}
                    else jours.achats_{{ variante }}
                end
            ) as succes_{{ variante }},
        {% endfor -%}
        count(jours.date_jour) as jours
    from {{ ref('dim_experiences') }} as dimension
    left join jours on dimension.scenario_id = jours.scenario_id
    group by dimension.scenario_id, dimension.nom_scenario, dimension.metrique_cible

),

taux as (

    select
        *,
        {{ exact_number('succes_control') }} / nullif(essais_control, 0) as p1,
        {{ exact_number('succes_variant') }} / nullif(essais_variant, 0) as p2,
        {{ proportions_z('succes_control', 'essais_control', 'succes_variant', 'essais_variant') }}
            as z
    from sommes

),

mesures as (

    select
        *,
        {{ two_sided_p('z') }} as p_valeur,
        1.959963985 * sqrt(
            cast(p1 as {{ type_double() }}) * (1 - p1) / essais_control
            + cast(p2 as {{ type_double() }}) * (1 - p2) / essais_variant
        ) as marge
    from taux

),

final as (

    select
        mesures.scenario_id,
        mesures.nom_scenario,
        mesures.metrique_cible,
        cast(mesures.jours as integer) as nombre_jours,
        cast(mesures.essais_control as bigint) as essais_temoin,
        cast(mesures.succes_control as bigint) as succes_temoin,
        cast(100 * mesures.p1 as numeric(18, 4)) as taux_temoin_pct,
        cast(mesures.essais_variant as bigint) as essais_variante,
        cast(mesures.succes_variant as bigint) as succes_variante,
        cast(100 * mesures.p2 as numeric(18, 4)) as taux_variante_pct,
        {{ safe_divide(
            '100 * (mesures.succes_variant * mesures.essais_control'
            ~ ' - mesures.succes_control * mesures.essais_variant)',
            'mesures.succes_control * mesures.essais_variant'
        ) }} as gain_relatif_pct,
        cast(mesures.z as numeric(18, 6)) as z,
        cast(mesures.p_valeur as numeric(18, 6)) as p_valeur,
        cast(100 * (mesures.p2 - mesures.p1 - mesures.marge) as numeric(18, 4))
            as difference_basse_pct,
        cast(100 * (mesures.p2 - mesures.p1 + mesures.marge) as numeric(18, 4))
            as difference_haute_pct,
        coalesce(mesures.p_valeur < 0.05, false) as significatif,
        case
            when mesures.p_valeur < 0.05 and mesures.z > 0 then 'variante'
            when mesures.p_valeur < 0.05 then 'témoin'
            else 'indécis'
        end as decision,
        cast(1 - page_de_la_boutique.plus_petite_p as numeric(18, 6)) as significativite_auteur,
        {{ change_stamps() }}
    from mesures
    left join page_de_la_boutique on mesures.scenario_id = page_de_la_boutique.scenario_id

)

select * from final
