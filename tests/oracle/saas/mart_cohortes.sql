-- One row a month of sign-ups and each month since, up to the last that is known.
with inscrits as (
    select cle as utilisateur, date_trunc('month', (document ->> 'created_at')::timestamptz at time zone 'UTC') as mois
    from raw_saas.users
    where document ->> 'created_at' is not null
),

actifs as (
    select distinct utilisateur_id as utilisateur, date_trunc('month', date_jour::timestamp) as mois
    from {saas/fait_evenements} as e
)

select
    i.mois::date as mois_inscription,
    n as mois_depuis,
    count(*) as taille,
    count(a.utilisateur) as actifs,
    round(100.0 * count(a.utilisateur) / count(*), 2) as retention_pct
from inscrits as i
cross join {saas/jours_connus} as j
cross join generate_series(0, 1200) as n
left join actifs as a on a.utilisateur = i.utilisateur and a.mois = i.mois + n * interval '1 month'
where i.mois + n * interval '1 month' <= j.dernier
group by 1, 2
