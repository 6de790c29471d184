-- One row a campaign and an agent; its zone is the campaign's only one, or says that it has several.
select
    c.id as collecte_id,
    ca.agent_id,
    coalesce(a.id, -1) as agent_key,
    case z.nombre when 0 then -1 when 1 then z.zone_id else -2 end as zone_key,
    ca.role::text as role,
    (ca.date_assignation at time zone 'UTC')::date as date_assignation,
    c.date_debut,
    ca.role::text = 'responsable' as est_responsable
from collecte_agents as ca
inner join collectes as c on c.id = ca.collecte_id
left join agents as a on a.id = ca.agent_id
cross join lateral (
    select count(*) as nombre, max(zone_id) as zone_id
    from collecte_zones
    where collecte_id = c.id
) as z
