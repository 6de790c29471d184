{{ config(unique_key=['date_jour']) }}

with bornes as (

    select
        min(date_jour) as premier_jour,
        max(date_jour) as dernier_jour
    from ({{ known_days() }}) as connus

),

jours as (

    select
        calendrier.date_jour,
        bornes.dernier_jour
    from {{ ref('dim_temps') }} as calendrier
    inner join bornes
        on calendrier.date_jour between bornes.premier_jour and bornes.dernier_jour

),

actifs as (

    select distinct
        date_jour,
        utilisateur_id
    from {{ ref('fait_evenements') }}
    where utilisateur_id is not null

),

fenetres as (

    select
        jours.date_jour,
        count(distinct actifs.utilisateur_id) filter (where actifs.date_jour = jours.date_jour)
            as actifs_1,
        count(distinct actifs.utilisateur_id) filter (where actifs.date_jour > jours.date_jour - 7)
            as actifs_7,
        count(distinct actifs.utilisateur_id) as actifs_30
    from jours
    left join actifs on actifs.date_jour between jours.date_jour - 29 and jours.date_jour
    group by jours.date_jour

),

evenements as (

    select
        faits.date_jour,
        count(*) as evenements,
        count(*) filter (where noms.famille = 'erreur') as erreurs,
        count(*) filter (
            where faits.nom_evenement in ('deployment_succeeded', 'deployment_failed')
        ) as deploiements,
        count(*) filter (where faits.nom_evenement = 'deployment_succeeded') as deploiements_reussis
    from {{ ref('fait_evenements') }} as faits
    inner join {{ ref('dim_evenements') }} as noms on faits.nom_evenement = noms.nom_evenement
    group by faits.date_jour

),

sessions as (

    select
        date_jour,
        count(*) as sessions,
        avg(minutes) as minutes
    from (
        select
            min(date_jour) as date_jour,
            {{ elapsed_seconds('min(survenu_le)', 'max(survenu_le)') }} / 60 as minutes
        from {{ ref('fait_evenements') }}
        where session_id is not null
        group by session_id
    ) as par_session
    group by date_jour

),

recherches as (

    select
        date_jour,
        count(*) as recherches,
        {{ percentile_of('duree_ms', 0.5) }} as p50,
        {{ percentile_of('duree_ms', 0.95) }} as p95
    from {{ ref('fait_recherches') }}
    group by date_jour

),

inscrits as (

    {{ sign_ups() }}

),

retention as (

    select
        inscrits.date_inscription as date_jour,
        count(distinct inscrits.utilisateur_id) as inscriptions,
        {% for n in [1, 7, 30] -%}
            count(distinct inscrits.utilisateur_id) filter (
                where actifs.date_jour = inscrits.date_inscription + {{ n }}
            ) as retenus_{{ n }},
        {% endfor -%}
        count(distinct inscrits.utilisateur_id) filter (
            where actifs.date_jour >= inscrits.date_inscription + 30
        ) as retenus_depuis_30
    from inscrits
    left join actifs on inscrits.utilisateur_id = actifs.utilisateur_id
    group by inscrits.date_inscription

),

final as (

    select
        jours.date_jour,
        cast(fenetres.actifs_1 as bigint) as utilisateurs_actifs,
        cast(fenetres.actifs_7 as bigint) as utilisateurs_actifs_7_jours,
        cast(fenetres.actifs_30 as bigint) as utilisateurs_actifs_30_jours,
        {{ rate_pct('fenetres.actifs_1', 'fenetres.actifs_30') }} as assiduite_pct,
        cast(coalesce(retention.inscriptions, 0) as bigint) as inscriptions,
        cast(coalesce(sessions.sessions, 0) as bigint) as sessions,
        cast(sessions.minutes as numeric(18, 2)) as duree_session_moyenne_min,
        cast(coalesce(evenements.evenements, 0) as bigint) as evenements,
        cast(coalesce(evenements.erreurs, 0) as bigint) as erreurs,
        {{ rate_pct('evenements.erreurs', 'evenements.evenements') }} as taux_erreur_pct,
        cast(coalesce(evenements.deploiements, 0) as bigint) as deploiements,
        cast(coalesce(evenements.deploiements_reussis, 0) as bigint) as deploiements_reussis,
        {{ rate_pct('evenements.deploiements_reussis', 'evenements.deploiements') }}
            as taux_reussite_pct,
        cast(coalesce(recherches.recherches, 0) as bigint) as recherches,
        cast(recherches.p50 as numeric(18, 2)) as recherche_p50_ms,
        cast(recherches.p95 as numeric(18, 2)) as recherche_p95_ms,
        {% for n in [1, 7, 30] -%}
            case
                when jours.date_jour + {{ n }} <= jours.dernier_jour
                    then {{ rate_pct('retention.retenus_' ~ n, 'retention.inscriptions') }}
            end as retention_j{{ n }}_pct,
        {% endfor -%}
        case
            when jours.date_jour + 30 <= jours.dernier_jour
                then {{ rate_pct('retention.retenus_depuis_30', 'retention.inscriptions') }}
        end as retention_glissante_30_jours_pct,
        {{ change_stamps() }}
    from jours
    inner join fenetres on jours.date_jour = fenetres.date_jour
    left join evenements on jours.date_jour = evenements.date_jour
    left join sessions on jours.date_jour = sessions.date_jour
    left join recherches on jours.date_jour = recherches.date_jour
    left join retention on jours.date_jour = retention.date_jour

)

select * from final
