-- One row a month and a kind of project.
select
    date_trunc('month', date_jour)::date as premier_jour_mois,
    type_projet,
    count(distinct projet_id) as projets,
    count(distinct conversation_id) as conversations,
    sum(messages)::bigint as messages,
    sum(jetons)::bigint as jetons,
    round(sum(messages) / count(distinct conversation_id), 2) as messages_par_conversation
from {saas/fait_messages_saas} as f
group by 1, 2
