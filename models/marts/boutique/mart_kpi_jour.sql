{{ config(unique_key=['date_jour']) }}

with jours as (

    select * from {{ ref('fait_activite_jour') }}

),

{#- Seven days of the calendar: a day that is missing is none of them. -#}
{%- set semaine =
    'over (order by ' ~ days_from(calendar_start(), 'date_jour')
    ~ ' range between 6 preceding and current row)' %}
{%- set depuis = 'over (order by date_jour)' %}

final as (

    select
        date_jour,
        utilisateurs,
        sessions,
        vues,
        paniers,
        achats,
        chiffre_affaires,
        {{ rate_pct('paniers', 'vues') }} as taux_vue_panier_pct,
        {{ rate_pct('achats', 'paniers') }} as taux_panier_achat_pct,
        {{ rate_pct('achats', 'vues') }} as taux_vue_achat_pct,
        {{ safe_divide('chiffre_affaires', 'achats') }} as panier_moyen,
        {{ rate_pct('sum(paniers) ' ~ semaine, 'sum(vues) ' ~ semaine) }}
            as taux_vue_panier_7_jours_pct,
        {{ rate_pct('sum(achats) ' ~ semaine, 'sum(paniers) ' ~ semaine) }}
            as taux_panier_achat_7_jours_pct,
        {{ rate_pct('sum(achats) ' ~ semaine, 'sum(vues) ' ~ semaine) }}
            as taux_vue_achat_7_jours_pct,
        {{ safe_divide('sum(chiffre_affaires) ' ~ semaine, 'sum(achats) ' ~ semaine) }}
            as panier_moyen_7_jours,
        {{ rate_pct('sum(achats) ' ~ depuis, 'sum(paniers) ' ~ depuis) }}
            as taux_panier_achat_cumule_pct,
        cast(avg(achats * 100.0 / nullif(paniers, 0)) {{ depuis }} as numeric(18, 2))
            as taux_panier_achat_moyenne_des_jours_pct,
        {{ safe_divide('sum(chiffre_affaires) ' ~ depuis, 'sum(achats) ' ~ depuis) }}
            as panier_moyen_cumule,
        cast(avg(chiffre_affaires / nullif(achats, 0)) {{ depuis }} as numeric(18, 2))
            as panier_moyen_moyenne_des_jours,
        {{ change_stamps() }}
    from jours

)

select * from final
