-- One row a message.
select
    w.cle as dossier_id,
    m.numero::integer as numero,
    (j.moment at time zone 'UTC')::date as date_jour,
    coalesce(to_char(j.moment at time zone 'UTC', 'YYYYMMDD')::integer, -1) as date_key,
    date_trunc('second', j.moment) as ecrit_le,
    coalesce(m.document ->> 'role', 'Inconnu') as role_message,
    coalesce(m.document ->> 'content_length', m.document ->> 'contenu_length')::bigint as longueur
from raw_courrier.workflow_history as w
cross join lateral jsonb_array_elements(w.document -> 'messages') with ordinality as m (document, numero)
cross join lateral (
    select coalesce(m.document ->> 'timestamp', m.document ->> 'created_at')::timestamptz as moment
) as j
where w._supprime_le is null
