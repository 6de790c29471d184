{{ config(unique_key=['client_id', 'premier_jour_mois']) }}

with bornes as (

    select max(date_jour) as dernier_jour
    from ({{ known_days() }}) as connus

),

-- A month is measured on its last day, the last one on the last day that is known.
mois as (

    select
        calendrier.date_jour as premier_jour_mois,
        least(
            cast({{ dbt.last_day('calendrier.date_jour', 'month') }} as date),
            bornes.dernier_jour
        ) as jour_de_mesure
    from {{ ref('dim_temps') }} as calendrier
    inner join bornes on calendrier.date_jour <= bornes.dernier_jour
    where calendrier.jour = 1

),

mensualites as (

    select
        abonnements.client_id,
        mois.premier_jour_mois,
        sum(abonnements.montant_mensuel) as mrr
    from {{ ref('stg_saas_abonnements') }} as abonnements
    inner join mois
        on
            abonnements.date_debut <= mois.jour_de_mesure
            and (abonnements.date_fin is null or abonnements.date_fin > mois.jour_de_mesure)
    where abonnements.montant_mensuel > 0
    group by abonnements.client_id, mois.premier_jour_mois

),

-- The month after each in which a customer paid: where he pays no more, it is that of his leaving.
suivants as (

    select
        mensualites.client_id,
        mois.premier_jour_mois,
        mensualites.mrr as mrr_avant
    from mensualites
    inner join mois
        on
            mois.premier_jour_mois
            = cast({{ dbt.dateadd('month', 1, 'mensualites.premier_jour_mois') }} as date)

),

lignes as (

    select
        coalesce(mensualites.client_id, suivants.client_id) as client_id,
        coalesce(mensualites.premier_jour_mois, suivants.premier_jour_mois) as premier_jour_mois,
        coalesce(mensualites.mrr, 0) as mrr,
        coalesce(suivants.mrr_avant, 0) as mrr_avant
    from mensualites
    full outer join suivants
        on
            mensualites.client_id = suivants.client_id
            and mensualites.premier_jour_mois = suivants.premier_jour_mois

),

mouvements as (

    select
        *,
        case
            when mrr_avant > 0 and mrr = 0 then 'churn'
            when mrr_avant > mrr then 'contraction'
            when mrr_avant > 0 then 'expansion'
            when min(premier_jour_mois) over (partition by client_id) = premier_jour_mois
                then 'nouveau'
            else 'reactivation'
        end as mouvement
    from lignes

),

final as (

    select
        client_id,
        premier_jour_mois,
        {{ date_key('premier_jour_mois') }} as date_key,
        cast(mrr as numeric(18, 2)) as mrr,
        cast(mrr_avant as numeric(18, 2)) as mrr_avant,
        {% for nom in ['nouveau', 'reactivation', 'expansion', 'contraction', 'churn'] -%}
            cast(
                case when mouvement = '{{ nom }}' then mrr - mrr_avant else 0 end as numeric(18, 2)
            ) as {{ nom }},
        {% endfor -%}
        {{ change_stamps() }}
    from mouvements

)

select * from final
