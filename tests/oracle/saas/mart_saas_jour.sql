-- One row a day from the first to the last that is known; every figure by a query of its own.
with faits as (
    select * from {saas/fait_evenements} as f
),

recherches as (
    select * from {saas/fait_recherches} as f
),

sessions as (
    select min(date_jour) as jour, extract(epoch from max(survenu_le) - min(survenu_le)) / 60 as minutes
    from faits where session_id is not null group by session_id
),

inscrits as (
    select cle as u, ((document ->> 'created_at')::timestamptz at time zone 'UTC')::date as jour from raw_saas.users
),

retenus as (
    select
        i.jour, count(*) as taille,
        count(*) filter (where exists (select from faits where utilisateur_id = u and date_jour = i.jour + 1)) as j1,
        count(*) filter (where exists (select from faits where utilisateur_id = u and date_jour = i.jour + 7)) as j7,
        count(*) filter (where exists (select from faits where utilisateur_id = u and date_jour = i.jour + 30)) as j30,
        count(*) filter (where exists (select from faits where utilisateur_id = u and date_jour >= i.jour + 30)) as g30
    from inscrits as i
    group by i.jour
)

select
    d.jour as date_jour,
    e.dau as utilisateurs_actifs,
    w.wau as utilisateurs_actifs_7_jours,
    m.mau as utilisateurs_actifs_30_jours,
    round(100.0 * e.dau / nullif(m.mau, 0), 2) as assiduite_pct,
    coalesce(r.taille, 0) as inscriptions,
    s.nombre as sessions,
    round(s.minutes, 2) as duree_session_moyenne_min,
    e.nombre as evenements,
    e.erreurs,
    round(100.0 * e.erreurs / nullif(e.nombre, 0), 2) as taux_erreur_pct,
    e.reussis + e.rates as deploiements,
    e.reussis as deploiements_reussis,
    round(100.0 * e.reussis / nullif(e.reussis + e.rates, 0), 2) as taux_reussite_pct,
    q.nombre as recherches,
    q.p50 as recherche_p50_ms,
    q.p95 as recherche_p95_ms,
    case when d.jour + 1 <= k.dernier then round(100.0 * r.j1 / r.taille, 2) end as retention_j1_pct,
    case when d.jour + 7 <= k.dernier then round(100.0 * r.j7 / r.taille, 2) end as retention_j7_pct,
    case when d.jour + 30 <= k.dernier then round(100.0 * r.j30 / r.taille, 2) end as retention_j30_pct,
    case when d.jour + 30 <= k.dernier then round(100.0 * r.g30 / r.taille, 2) end
        as retention_glissante_30_jours_pct
from {saas/jours_connus} as k
cross join lateral (
    select g::date as jour from generate_series(k.premier, k.dernier, interval '1 day') as g
) as d
cross join lateral (
    select
        count(distinct utilisateur_id) as dau,
        count(*) as nombre,
        count(*) filter (where nom_evenement like '%\_error') as erreurs,
        count(*) filter (where nom_evenement = 'deployment_succeeded') as reussis,
        count(*) filter (where nom_evenement = 'deployment_failed') as rates
    from faits where date_jour = d.jour
) as e
cross join lateral (
    select count(distinct utilisateur_id) as wau from faits where date_jour between d.jour - 6 and d.jour
) as w
cross join lateral (
    select count(distinct utilisateur_id) as mau from faits where date_jour between d.jour - 29 and d.jour
) as m
cross join lateral (
    select count(*) as nombre, avg(minutes) as minutes from sessions where jour = d.jour
) as s
cross join lateral (
    select
        count(*) as nombre,
        (percentile_cont(0.5) within group (order by duree_ms))::numeric(18, 2) as p50,
        (percentile_cont(0.95) within group (order by duree_ms))::numeric(18, 2) as p95
    from recherches where date_jour = d.jour
) as q
left join retenus as r on r.jour = d.jour
