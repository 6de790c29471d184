-- One row an event.
select
    document ->> '_id' as evenement_id,
    ((document ->> 'timestamp')::timestamptz at time zone 'UTC')::date as date_jour,
    to_char((document ->> 'timestamp')::timestamptz at time zone 'UTC', 'YYYYMMDD')::integer as date_key,
    document ->> 'user_id' as utilisateur_id,
    document ->> 'session_id' as session_id,
    coalesce(document ->> 'name', 'Inconnu') as nom_evenement,
    date_trunc('second', (document ->> 'timestamp')::timestamptz) as survenu_le
from raw_saas.analytics_events
where _supprime_le is null
