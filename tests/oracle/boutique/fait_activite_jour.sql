-- One row a day, by the names of either form.
select
    (d ->> 'date')::timestamp::date as date_jour,
    to_char((d ->> 'date')::timestamp, 'YYYYMMDD')::integer as date_key,
    coalesce(d ->> 'users', d ->> 'unique_users', '0')::bigint as utilisateurs,
    coalesce(d ->> 'sessions', d ->> 'unique_sessions', '0')::bigint as sessions,
    coalesce(d ->> 'views', '0')::bigint as vues,
    coalesce(d ->> 'add_to_carts', '0')::bigint as paniers,
    coalesce(d ->> 'transactions', '0')::bigint as achats,
    coalesce(d ->> 'revenue', d ->> 'daily_revenue', '0')::numeric(18, 2) as chiffre_affaires
from (select document as d from raw_boutique.daily_metrics where _supprime_le is null) as documents
