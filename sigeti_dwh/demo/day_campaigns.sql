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
