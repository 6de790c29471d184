{{ config(unique_key=['date_key']) }}

with jours as (

    {{ days_between(calendar_start(), calendar_end()) }}

),

jours_feries as (

    select * from {{ ref('stg_jours_feries') }}

),

numerotes as (

    select
        jours.date_jour,
        cast(extract(year from jours.date_jour) as integer) as annee,
        cast(extract(quarter from jours.date_jour) as integer) as trimestre,
        cast(extract(month from jours.date_jour) as integer) as mois,
        cast(extract(day from jours.date_jour) as integer) as jour,
        cast(extract(week from jours.date_jour) as integer) as semaine_iso,
        {{ iso_weekday('jours.date_jour') }} as jour_semaine,
        jours_feries.nom_jour_ferie
    from jours
    left join jours_feries on jours.date_jour = jours_feries.date_jour

),

final as (

    select
        {{ date_key('date_jour') }} as date_key,
        date_jour,
        annee,
        case when mois <= 6 then 1 else 2 end as semestre,
        trimestre,
        mois,
        jour,
        semaine_iso,
        jour_semaine,
        case mois
            when 1 then 'janvier'
            when 2 then 'février'
            when 3 then 'mars'
            when 4 then 'avril'
            when 5 then 'mai'
            when 6 then 'juin'
            when 7 then 'juillet'
            when 8 then 'août'
            when 9 then 'septembre'
            when 10 then 'octobre'
            when 11 then 'novembre'
            when 12 then 'décembre'
        end as nom_mois,
        case jour_semaine
            when 1 then 'lundi'
            when 2 then 'mardi'
            when 3 then 'mercredi'
            when 4 then 'jeudi'
            when 5 then 'vendredi'
            when 6 then 'samedi'
            when 7 then 'dimanche'
        end as nom_jour,
        'T' || cast(trimestre as {{ dbt.type_string() }}) as libelle_trimestre,
        jour_semaine >= 6 as est_weekend,
        nom_jour_ferie is not null as est_ferie,
        nom_jour_ferie,
        jour_semaine < 6 and nom_jour_ferie is null as est_ouvre,
        {{ change_stamps() }}
    from numerotes

    union all

    select
        {{ unknown_key() }} as date_key,
        null as date_jour,
        null as annee,
        null as semestre,
        null as trimestre,
        null as mois,
        null as jour,
        null as semaine_iso,
        null as jour_semaine,
        'Inconnu' as nom_mois,
        'Inconnu' as nom_jour,
        'Inconnu' as libelle_trimestre,
        false as est_weekend,
        false as est_ferie,
        null as nom_jour_ferie,
        false as est_ouvre,
        {{ change_stamps() }}

)

select * from final
