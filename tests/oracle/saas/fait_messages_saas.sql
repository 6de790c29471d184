-- One row a conversation and a day.
select
    m.document ->> 'conversation_id' as conversation_id,
    j.jour as date_jour,
    to_char(j.jour, 'YYYYMMDD')::integer as date_key,
    min(c.document ->> 'user_id') as utilisateur_id,
    min(c.document ->> 'project_id') as projet_id,
    coalesce(min(p.document ->> 'type'), 'Inconnu') as type_projet,
    count(*) as messages,
    sum(coalesce(m.document ->> 'tokens', '0')::bigint)::bigint as jetons
from raw_saas.messages as m
cross join lateral (
    select ((m.document ->> 'created_at')::timestamptz at time zone 'UTC')::date as jour
) as j
left join raw_saas.conversations as c
    on c.cle = m.document ->> 'conversation_id' and c._supprime_le is null
left join raw_saas.projects as p on p.cle = c.document ->> 'project_id' and p._supprime_le is null
where m._supprime_le is null
group by 1, 2
