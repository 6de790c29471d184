{{ config(unique_key=['mois_inscription', 'mois_depuis']) }}

with inscrits as (

    select
        utilisateur_id,
        {{ month_of('date_inscription') }} as mois_inscription
    from ({{ sign_ups() }}) as connus

),

cohortes as (

    select
        mois_inscription,
        count(*) as taille
    from inscrits
    group by mois_inscription

),

mois as (

    select distinct {{ month_of('date_jour') }} as premier_jour_mois
    from {{ ref('dim_temps') }}
    where date_jour <= (select max(connus.date_jour) from ({{ known_days() }}) as connus)

),

actifs as (

    select
        inscrits.mois_inscription,
        {{ month_of('evenements.date_jour') }} as premier_jour_mois,
        count(distinct inscrits.utilisateur_id) as actifs
    from inscrits
    inner join {{ ref('fait_evenements') }} as evenements
        on inscrits.utilisateur_id = evenements.utilisateur_id
    group by inscrits.mois_inscription, {{ month_of('evenements.date_jour') }}

),

final as (

    select
        cohortes.mois_inscription,
        cast(
            12 * (
                extract(year from mois.premier_jour_mois)
                - extract(year from cohortes.mois_inscription)
            )
            + extract(month from mois.premier_jour_mois)
            - extract(month from cohortes.mois_inscription) as integer
        ) as mois_depuis,
        cast(cohortes.taille as bigint) as taille,
        cast(coalesce(actifs.actifs, 0) as bigint) as actifs,
        {{ rate_pct('coalesce(actifs.actifs, 0)', 'cohortes.taille') }} as retention_pct,
        {{ change_stamps() }}
    from cohortes
    inner join mois on cohortes.mois_inscription <= mois.premier_jour_mois
    left join actifs
        on
            cohortes.mois_inscription = actifs.mois_inscription
            and mois.premier_jour_mois = actifs.premier_jour_mois

)

select * from final
