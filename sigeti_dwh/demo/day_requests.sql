-- Allocation requests of one simulated day.
with arrivals as materialized (
    select nextval('demandes_attribution_id_seq')::integer as id
    from generate_series(1, size('new_requests'))
)

insert into demandes_attribution (
    id, reference, type_demande, entreprise_id, lot_id, zone_id, financement, emplois,
    created_at, updated_at, user_id
)
select
    arrival.id,
    reference('DAZI', at(100), arrival.id),
    case when arrival.id % 10 = 7 then 'HORS_ZONE_INDUSTRIELLE' else 'ZONE_INDUSTRIELLE' end
        ::"enum_demandes_attribution_type_demande",
    entreprise.id,
    case when arrival.id % 10 <> 7 and arrival.id % 3 = 0 then lot.id end,
    case when arrival.id % 10 <> 7 then lot.zone_industrielle_id end,
    jsonb_build_object(
        'devise', 'FCFA',
        'montantTotal', 1000000 * (5 + draw(arrival.id, 'd.amount', 400)),
        'sources', jsonb_build_array()
    ),
    jsonb_build_object(
        'total', total_jobs,
        'nationaux', jsonb_build_object(
            'total', total_jobs - total_jobs / 10, 'cadres', total_jobs / 5
        ),
        'expatries', jsonb_build_object('total', total_jobs / 10, 'cadres', total_jobs / 10)
    ),
    at(100),
    at(100),
    1 + draw(arrival.id, 'd.user', size('users'))
from arrivals as arrival
cross join lateral (select 5 + draw(arrival.id, 'd.jobs', 90) as total_jobs) as jobs
left join lots as lot on lot.id = 1 + draw(arrival.id, 'd.lot', size('lots'))
left join entreprises as entreprise
    on entreprise.id = 1 + draw(arrival.id, 'd.entreprise', size('entreprises'));

-- Neighbouring lots of one zone.
insert into demande_attribution_lots (demande_attribution_id, lot_id, ordre, created_at, updated_at)
select demande.id, lot.id, nth, at(110), at(110)
from demandes_attribution as demande
inner join generate_series(1, 3) as nth on nth <= 1 + demande.id % 3
inner join lots as lot
    on lot.id = nth + draw(demande.id, 'd.lot', size('lots'))
    and lot.zone_industrielle_id = demande.zone_id
where demande.id > size('demandes_attribution')
order by demande.id, nth;

insert into demande_attribution_lots (demande_attribution_id, lot_id, ordre, created_at, updated_at)
select demande.id, lot.id, 9, at(120), at(120)
from sample('added_lots', 'demandes_attribution') as candidate
inner join demandes_attribution as demande on demande.id = candidate.id
inner join lots as lot on lot.id = 1 + draw(demande.id, 'd.another lot', size('lots'))
where demande.statut in ('EN_COURS', 'DOCUMENTS_REJETES')
order by candidate.nth
limit size('added_lots')
on conflict do nothing;

delete from demande_attribution_lots
where id in (select id from chosen('removed_lots', 'demande_attribution_lots'));

-- A step forward, a decision, or a resubmission after missing documents; each leaves an event.
with changes as materialized (
    (
        select
            demande.id,
            demande.statut,
            demande.etape_courante,
            'EN_COURS' as next_statut,
            demande.etape_courante + 1 as next_step,
            at(200) as moment
        from sample('steps', 'demandes_attribution') as candidate
        inner join demandes_attribution as demande on demande.id = candidate.id
        where demande.statut = 'EN_COURS' and demande.etape_courante < 11
        order by candidate.nth
        limit size('steps')
    )
    union all
    (
        select
            demande.id,
            demande.statut,
            demande.etape_courante,
            decision.statut,
            case decision.statut
                when 'VALIDE' then 12 when 'REJETE' then demande.etape_courante else 1
            end,
            at(220)
        from sample('decisions', 'demandes_attribution') as candidate
        inner join demandes_attribution as demande on demande.id = candidate.id
        cross join lateral pick(demande.id, 'd.decision', array[
            'VALIDE', 'VALIDE', 'VALIDE', 'REJETE', 'DOCUMENTS_REJETES'
        ]) as decision (statut)
        where demande.statut = 'EN_COURS'
        order by candidate.nth
        limit size('decisions')
    )
    union all
    (
        select
            demande.id, demande.statut, demande.etape_courante, 'EN_COURS', 3, at(240)
        from sample('resubmissions', 'demandes_attribution') as candidate
        inner join demandes_attribution as demande on demande.id = candidate.id
        where demande.statut = 'DOCUMENTS_REJETES'
        order by candidate.nth
        limit size('resubmissions')
    )
),

kept as materialized (
    select distinct on (id) * from changes order by id, moment
),

moves as (
    update demandes_attribution as demande
    set
        statut = kept.next_statut::"enum_demandes_attribution_statut",
        etape_courante = kept.next_step,
        updated_at = kept.moment
    from kept
    where demande.id = kept.id
)

insert into historique_demandes (
    demande_attribution_id, etape_source, etape_destination, action, statut_avant, statut_apres,
    date_action, created_at, updated_at
)
select
    id, etape_courante, next_step, 'Passage à l''étape ' || next_step, statut, next_statut,
    moment, moment, moment
from kept
order by id;

-- The lots of today's approvals are taken.
update lots
set
    statut = 'occupé',
    entreprise_id = today_grant.entreprise_id,
    date_acquisition = today(),
    updated_at = at(300)
from (
    select distinct on (lot_id) lot_id, entreprise_id
    from (
        select demande.id, coalesce(pont.lot_id, demande.lot_id) as lot_id, demande.entreprise_id
        from demandes_attribution as demande
        left join demande_attribution_lots as pont on pont.demande_attribution_id = demande.id
        where demande.statut = 'VALIDE' and demande.updated_at = at(220)
    ) as granted
    order by lot_id, id
) as today_grant
where lots.id = today_grant.lot_id;
