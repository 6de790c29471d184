-- One row a customer and a month, from what he paid on the last day of every month that is known.
with mois as (
    select
        debut::date as mois,
        least((debut + interval '1 month')::date - 1, j.dernier) as jour
    from {saas/jours_connus} as j
    cross join lateral generate_series('2000-01-01', j.dernier, interval '1 month') as debut
),

clients as (
    select distinct document ->> 'customer_id' as client
    from raw_saas.subscriptions
    where _supprime_le is null
),

paye as (
    select
        c.client, m.mois,
        coalesce((
            select sum((s.document ->> 'monthly_amount')::numeric(18, 2))
            from raw_saas.subscriptions as s
            where s._supprime_le is null
                and s.document ->> 'customer_id' = c.client
                and (s.document ->> 'monthly_amount')::numeric > 0
                and left(s.document ->> 'start_date', 10)::date <= m.jour
                and coalesce(left(s.document ->> 'end_date', 10)::date, 'infinity') > m.jour
        ), 0) as mrr
    from clients as c
    cross join mois as m
),

suite as (
    select
        a.client, a.mois, a.mrr, coalesce(b.mrr, 0) as avant,
        exists (select from paye as p where p.client = a.client and p.mois < a.mois and p.mrr > 0) as ancien
    from paye as a
    left join paye as b on b.client = a.client and b.mois = a.mois - interval '1 month'
    where a.mrr > 0 or b.mrr > 0
)

select
    client as client_id,
    mois as premier_jour_mois,
    to_char(mois, 'YYYYMMDD')::integer as date_key,
    mrr,
    avant as mrr_avant,
    case when not ancien then mrr else 0 end as nouveau,
    case when ancien and avant = 0 then mrr else 0 end as reactivation,
    case when avant > 0 and mrr > avant then mrr - avant else 0 end as expansion,
    case when mrr > 0 and mrr < avant then mrr - avant else 0 end as contraction,
    case when mrr = 0 then -avant else 0 end as churn
from suite
