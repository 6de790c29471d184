{{ config(unique_key=['premier_jour_mois', 'source_trafic', 'canal', 'campagne']) }}

with mois as (

    select
        {{ month_of('date_jour') }} as premier_jour_mois,
        source_trafic,
        canal,
        campagne,
        sum(sessions) as sessions,
        sum(utilisateurs) as utilisateurs,
        sum(conversions) as conversions,
        sum(chiffre_affaires) as chiffre_affaires
    from {{ ref('fait_trafic_jour') }}
    group by 1, 2, 3, 4

),

final as (

    select
        premier_jour_mois,
        source_trafic,
        canal,
        campagne,
        cast(sessions as bigint) as sessions,
        cast(utilisateurs as bigint) as utilisateurs,
        cast(conversions as bigint) as conversions,
        cast(chiffre_affaires as numeric(18, 2)) as chiffre_affaires,
        {{ rate_pct('conversions', 'sessions') }} as taux_conversion_pct,
        {{ safe_divide('chiffre_affaires', 'conversions') }} as panier_moyen,
        {{ change_stamps() }}
    from mois

)

select * from final
