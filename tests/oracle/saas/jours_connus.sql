-- The first and the last day on which anything happened.
select
    min(jour)::date as premier,
    max(jour)::date as dernier
from (
    select document ->> 'timestamp' as moment from raw_saas.analytics_events where _supprime_le is null
    union all
    select document ->> 'created_at' from raw_saas.search_queries where _supprime_le is null
    union all
    select document ->> 'paid_at' from raw_saas.invoices where _supprime_le is null
    union all
    select document ->> 'created_at' from raw_saas.users
) as m
cross join lateral (select m.moment::timestamptz at time zone 'UTC' as jour) as j
