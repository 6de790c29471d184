{{ config(unique_key=['premier_jour_mois']) }}

{%- set mouvements = ['nouveau', 'reactivation', 'expansion', 'contraction', 'churn'] %}

with abonnements as (

    select
        premier_jour_mois,
        sum(mrr) as mrr,
        sum(mrr_avant) as mrr_avant,
        {% for nom in mouvements -%}
            sum({{ nom }}) as {{ nom }},
        {% endfor -%}
        count(*) filter (where mrr > 0) as clients_actifs,
        count(*) filter (where mrr_avant > 0) as clients_avant,
        count(*) filter (where churn < 0) as clients_perdus
    from {{ ref('fait_abonnements_mois') }}
    group by premier_jour_mois

),

paiements as (

    select
        {{ month_of('date_paiement') }} as premier_jour_mois,
        sum(montant_recu) as paiements_recus
    from {{ ref('fait_factures_saas') }}
    where date_paiement is not null
    group by {{ month_of('date_paiement') }}

),

bornes as (

    select
        least(
            (select min(abonnements.premier_jour_mois) from abonnements),
            (select min(paiements.premier_jour_mois) from paiements)
        ) as premier_jour,
        max(date_jour) as dernier_jour
    from ({{ known_days() }}) as connus

),

mois as (

    select
        calendrier.date_jour as premier_jour_mois,
        {% for nom in ['mrr', 'mrr_avant'] + mouvements -%}
            {{ amount_of('abonnements.' ~ nom) }} as {{ nom }},
        {% endfor -%}
        {% for nom in ['clients_actifs', 'clients_avant', 'clients_perdus'] -%}
            cast(coalesce(abonnements.{{ nom }}, 0) as bigint) as {{ nom }},
        {% endfor -%}
        {{ amount_of('paiements.paiements_recus') }} as paiements_recus
    from {{ ref('dim_temps') }} as calendrier
    inner join bornes
        on calendrier.date_jour between bornes.premier_jour and bornes.dernier_jour
    left join abonnements on calendrier.date_jour = abonnements.premier_jour_mois
    left join paiements on calendrier.date_jour = paiements.premier_jour_mois
    where calendrier.jour = 1

),

final as (

    select
        premier_jour_mois,
        mrr,
        mrr_avant,
        {% for nom in mouvements -%}
            {{ nom }},
        {% endfor -%}
        clients_actifs,
        clients_avant,
        clients_perdus,
        cast(12 * mrr as numeric(18, 2)) as arr,
        {{ safe_divide('mrr', 'clients_actifs') }} as arpu,
        {{ rate_pct('clients_perdus', 'clients_avant') }} as churn_clients_pct,
        {{ rate_pct('-(contraction + churn)', 'mrr_avant') }} as churn_revenu_pct,
        {{ rate_pct('mrr_avant + expansion + contraction + churn', 'mrr_avant') }} as nrr_pct,
        {{ safe_divide('mrr * clients_avant', 'clients_actifs * clients_perdus') }} as ltv,
        paiements_recus,
        {{ change_stamps() }}
    from mois

)

select * from final
