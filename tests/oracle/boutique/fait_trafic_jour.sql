-- One row a day, a source, a medium and a campaign; the wide form tells none of the three.
select
    (d ->> 'date')::timestamp::date as date_jour,
    to_char((d ->> 'date')::timestamp, 'YYYYMMDD')::integer as date_key,
    coalesce(d ->> 'source', 'Inconnu') as source_trafic,
    coalesce(d ->> 'medium', 'Inconnu') as canal,
    coalesce(d ->> 'campaign', 'Inconnu') as campagne,
    sum(coalesce(d ->> 'sessions', d ->> 'unique_sessions', '0')::bigint)::bigint as sessions,
    sum(coalesce(d ->> 'users', d ->> 'unique_users', '0')::bigint)::bigint as utilisateurs,
    sum(coalesce(d ->> 'conversions', d ->> 'transactions', '0')::bigint)::bigint as conversions,
    sum((d ->> 'revenue')::numeric(18, 2)) as chiffre_affaires
from (
    select document as d from raw_boutique.traffic_sources where _supprime_le is null
    union all
    select document from raw_boutique.traffic_daily where _supprime_le is null
) as documents
group by 1, 2, 3, 4, 5
