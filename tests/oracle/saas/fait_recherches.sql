-- One row a search.
select
    cle as recherche_id,
    ((document ->> 'created_at')::timestamptz at time zone 'UTC')::date as date_jour,
    to_char((document ->> 'created_at')::timestamptz at time zone 'UTC', 'YYYYMMDD')::integer as date_key,
    document ->> 'user_id' as utilisateur_id,
    coalesce(document ->> 'type', 'Inconnu') as type_recherche,
    coalesce(document ->> 'results', '0')::bigint as nombre_resultats,
    (document ->> 'duration_ms')::numeric(18, 2) as duree_ms
from raw_saas.search_queries
where _supprime_le is null
