-- Campaigns of one simulated day: new ones, their zones, counters, closures; then deletes.
with arrivals as materialized (
    select nextval('collectes_id_seq')::integer as id
    from generate_series(1, size('new_campaigns'))
),

announced as (
    insert into collectes (
        id, reference, date_debut, date_fin_prevue, cree_par, created_at, updated_at
    )
    select
        id,
        reference('COL', at(700), id),
        today() + 5 + draw(id, 'c.start', 30),
        today() + 65 + draw(id, 'c.end', 60),
        1,
        at(700),
        at(700)
    from arrivals
)

insert into collecte_zones (collecte_id, zone_id)
select arrival.id, zone.id
from arrivals as arrival
inner join generate_series(0, 2) as nth on nth <= draw(arrival.id, 'c.zones', 3)
inner join zones_industrielles as zone
    on zone.id = 1 + (draw(arrival.id, 'c.zone', size('zones_industrielles')) + nth)
        % size('zones_industrielles');

-- New campaigns get a responsible agent, some old ones another assistant; some lose theirs.
insert into collecte_agents (role, date_assignation, collecte_id, agent_id)
select 'responsable', at(705), id, 1 + draw(id, 'a.collecte', size('agents'))
from collectes
where id > size('collectes') and id % 9 <> 6;

insert into collecte_agents (role, date_assignation, collecte_id, agent_id)
select 'assistant', at(705), collecte.id, 1 + draw(candidate.nth, 'a.assistant', size('agents'))
from sample('changed_agents', 'collectes') as candidate
inner join collectes as collecte on collecte.id = candidate.id
order by candidate.nth
limit size('changed_agents')
on conflict do nothing;

delete from collecte_agents
where role = 'assistant' and (collecte_id, agent_id) in (
    select assignment.collecte_id, assignment.agent_id
    from sample('changed_agents', 'collectes') as candidate
    inner join collecte_agents as assignment on assignment.collecte_id = candidate.id
    where assignment.date_assignation < at(0)
    order by candidate.nth desc, assignment.agent_id
    limit size('changed_agents')
);

update agents
set actif = false, updated_at = at(708)
where id in (select id from chosen('agents_who_leave', 'agents')) and actif;

insert into collecte_zones (collecte_id, zone_id)
select collecte.id, zone.id
from sample('added_zones', 'collectes') as candidate
inner join collectes as collecte on collecte.id = candidate.id
inner join zones_industrielles as zone
    on zone.id = 1 + draw(candidate.nth, 'c.another zone', size('zones_industrielles'))
order by candidate.nth
limit size('added_zones')
on conflict do nothing;

delete from collecte_zones
where (collecte_id, zone_id) in (
    select pont.collecte_id, pont.zone_id
    from sample('removed_zones', 'collectes') as candidate
    inner join collecte_zones as pont on pont.collecte_id = candidate.id
    order by candidate.nth, pont.zone_id
    limit size('removed_zones')
);

update collectes
set
    montant_a_recouvrer = montant_a_recouvrer + sums.due,
    montant_recouvre = montant_recouvre + sums.collected,
    status = case
        when montant_recouvre + sums.collected = 0 then status
        when (montant_recouvre + sums.collected) >= (montant_a_recouvrer + sums.due) * 4 / 5
            then 'recouvree'
        else 'partiellement_recouvree'
    end,
    factures_generees = true,
    updated_at = at(720)
from (
    select collecte_id, sum(due) as due, sum(collected) as collected
    from (
        select collecte_id, montant_total as due, 0 as collected
        from factures
        where id > size('factures')
        union all
        select facture.collecte_id, 0, paiement.montant
        from paiement_factures as paiement
        inner join factures as facture on facture.id = paiement.facture_id
        where paiement.id > size('paiement_factures')
    ) as today_rows
    group by collecte_id
) as sums
where collectes.id = sums.collecte_id;

-- What the enterprises of a campaign that chose them owe and paid, with today's.
update collecte_entreprises as modality
set
    montant_paye = montant_paye + sums.paid,
    montant_restant = greatest(0, montant_restant - sums.paid),
    date_dernier_paiement = at(730),
    statut_paiement = case when montant_restant <= sums.paid then 'paye' else 'a_jour' end
        ::"enum_collecte_entreprises_statut_paiement",
    updated_at = at(730)
from (
    select facture.collecte_id, facture.entreprise_id, sum(paiement.montant) as paid
    from paiement_factures as paiement
    inner join factures as facture on facture.id = paiement.facture_id
    where paiement.id > size('paiement_factures')
    group by facture.collecte_id, facture.entreprise_id
) as sums
where modality.collecte_id = sums.collecte_id and modality.entreprise_id = sums.entreprise_id;

insert into collecte_entreprises (
    collecte_id, entreprise_id, montant_total, montant_par_periode, montant_restant,
    created_at, updated_at
)
select
    facture.collecte_id,
    facture.entreprise_id,
    sum(facture.montant_total),
    sum(facture.montant_total),
    sum(facture.montant_total),
    at(735),
    at(735)
from factures as facture
inner join collectes as collecte
    on collecte.id = facture.collecte_id and collecte.entreprises_selectionnees is not null
where facture.id > size('factures') and not exists (
    select from collecte_entreprises as modality
    where modality.collecte_id = facture.collecte_id
        and modality.entreprise_id = facture.entreprise_id
)
group by facture.collecte_id, facture.entreprise_id
order by facture.collecte_id, facture.entreprise_id;

update collectes
set
    statut_cloture = 'cloturee',
    date_cloture = at(750),
    cloture_par = 1,
    modifie_par = 1,
    updated_at = at(750)
where id in (
    select id
    from collectes
    where statut_cloture = 'ouverte' and date_fin_prevue < today()
    order by draw(id, 'c.closed', 1000000), id
    limit size('closures')
);

-- Only lots that nobody ever asked for.
delete from lots
where id in (
    select lot.id
    from sample('deleted_lots', 'lots') as candidate
    inner join lots as lot on lot.id = candidate.id
    where lot.statut = 'disponible'
        and not exists (select from demande_attribution_lots where lot_id = lot.id)
        and not exists (select from demandes_attribution where lot_id = lot.id)
    order by candidate.nth
    limit size('deleted_lots')
);

-- A recent campaign, started by mistake: its invoices, their lines and payments go with it.
delete from collectes
where id in (
    select collecte.id
    from sample('deleted_campaigns', 'collectes') as candidate
    inner join collectes as collecte on collecte.id = candidate.id
    where collecte.date_debut >= today() - 90
    order by candidate.nth
    limit size('deleted_campaigns')
);
