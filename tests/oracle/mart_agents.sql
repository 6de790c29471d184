-- One row an agent, a month in which campaigns begin and their zone.
with affectations as (
    select
        c.*,
        a.agent_key,
        a.est_responsable,
        coalesce(date_trunc('month', c.date_debut)::date, date '1900-01-01') as premier_jour,
        a.agent_id = (
            select p.agent_id from collecte_agents as p
            where p.collecte_id = a.collecte_id and p.role::text = 'responsable'
            order by (p.date_assignation at time zone 'UTC')::date, p.agent_id
            limit 1
        ) as compte
    from {fait_affectations_collectes} as a
    inner join {fait_collectes} as c on c.collecte_id = a.collecte_id
)

select
    f.premier_jour as premier_jour_mois,
    extract(year from f.premier_jour)::integer as annee,
    extract(quarter from f.premier_jour)::integer as trimestre,
    extract(month from f.premier_jour)::integer as mois,
    f.premier_jour > %(date_reference)s::date as est_a_venir,
    f.agent_key as agent_id,
    coalesce(nullif(btrim(t.libelle, E' \t\r\n\u00a0'), ''), 'Inconnu') as type_agent,
    coalesce(a.actif, false) and a.deleted_at is null as est_actif,
    f.zone_key as zone_id,
    case f.zone_key
        when -1 then 'Inconnu'
        when -2 then 'Plusieurs zones'
        else nullif(btrim(z.libelle, E' \t\r\n\u00a0'), '')
    end as nom_zone,
    count(distinct f.collecte_id) as nombre_collectes,
    count(distinct f.collecte_id) filter (where f.est_responsable) as collectes_responsable,
    count(distinct f.collecte_id) filter (where not f.est_responsable) as collectes_assistant,
    count(distinct f.collecte_id) filter (where f.est_cloturee) as collectes_cloturees,
    count(distinct f.collecte_id) filter (where f.est_cloturee and f.est_responsable)
        as collectes_cloturees_responsable,
    count(distinct f.collecte_id) filter (where f.est_cloturee and not f.est_responsable)
        as collectes_cloturees_assistant,
    coalesce(sum(f.montant_a_recouvrer) filter (where f.compte), 0) as montant_a_recouvrer,
    coalesce(sum(f.montant_recouvre) filter (where f.compte), 0) as montant_recouvre,
    coalesce(sum(f.montant_facture) filter (where f.compte), 0) as montant_facture,
    coalesce(sum(f.montant_regle_declare) filter (where f.compte), 0) as montant_regle_declare,
    coalesce(sum(f.montant_regle_confirme) filter (where f.compte), 0) as montant_regle_confirme,
    coalesce(sum(f.montant_restant_du) filter (where f.compte), 0) as montant_restant_du,
    round(
        100 * sum(f.montant_regle_declare) filter (where f.compte)
        / nullif(sum(f.montant_facture) filter (where f.compte), 0), 2
    ) as taux_recouvrement_pct,
    round(
        100 * sum(f.montant_regle_confirme) filter (where f.compte)
        / nullif(sum(f.montant_facture) filter (where f.compte), 0), 2
    ) as taux_recouvrement_confirme_pct
from affectations as f
left join agents as a on a.id = f.agent_key
left join types_agents as t on t.id = a.type_agent_id
left join zones_industrielles as z on z.id = f.zone_key
group by f.premier_jour, f.agent_key, a.actif, a.deleted_at, t.libelle, f.zone_key, z.libelle
