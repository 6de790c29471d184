-- Campaigns, after the money so that their counters can sum it up.
create table sigeti_demo.campaign_sums as
select
    coalesce(invoices.collecte_id, payments.collecte_id) as collecte_id,
    invoices.invoice_count,
    invoices.first_invoice,
    coalesce(invoices.amount, 0) as due,
    coalesce(payments.amount, 0) as collected,
    greatest(invoices.last_change, payments.last_change) as last_change
from (
    select
        collecte_id,
        count(*) as invoice_count,
        min(created_at) as first_invoice,
        max(updated_at) as last_change,
        (sum(montant_total) filter (where statut in ('En attente', 'Payée')))::bigint as amount
    from factures
    where not is_deleted and deleted_at is null
    group by collecte_id
) as invoices
left join (
    select
        facture.collecte_id,
        max(paiement.created_at) as last_change,
        sum(paiement.montant)::bigint as amount
    from paiement_factures as paiement
    inner join factures as facture on facture.id = paiement.facture_id
    where not facture.is_deleted and facture.deleted_at is null
        and facture.statut in ('En attente', 'Payée')
    group by facture.collecte_id
) as payments on payments.collecte_id = invoices.collecte_id;

insert into collectes (
    id, reference, montant_a_recouvrer, montant_recouvre, date_debut, date_fin_prevue, status,
    commentaire, cree_par, modifie_par, created_at, updated_at, statut_cloture, date_cloture,
    cloture_par, entreprises_selectionnees, factures_generees, date_generation_factures
)
select
    id,
    reference('COL', announced, id),
    due,
    collected,
    starts_on,
    starts_on + duration,
    case
        when future and id % 2 = 0 then 'reportee'
        when collected > 0 and collected >= due * 4 / 5 then 'recouvree'
        when collected > 0 then 'partiellement_recouvree'
        else 'non_recouvree'
    end::"enum_collectes_status",
    case id % 4 when 0 then '' when 1 then 'Campagne de recouvrement des droits' end,
    1 + draw(id, 'c.cree_par', size('staff')),
    case when closed then 1 + draw(id, 'c.cloture_par', size('staff')) end,
    announced,
    case when closed then closed_at else greatest(announced, last_change) end,
    case when closed then 'cloturee' else 'ouverte' end::"enum_collectes_statut_cloture",
    case when closed then closed_at end,
    case when closed then 1 + draw(id, 'c.cloture_par', size('staff')) end,
    case
        when id % 3 = 2 then json_build_array(
            id, id + size('zones_with_lots'), id + 2 * size('zones_with_lots')
        )
    end,
    -- Not reliable in the source either.
    (invoice_count is not null) <> (id % 6 = 1),
    first_invoice
from (
    select
        plan.*,
        sums.invoice_count,
        sums.first_invoice,
        sums.last_change,
        coalesce(sums.due * accuracy / 100, 0) as due,
        coalesce(sums.collected * accuracy / 100, 0) as collected,
        to_timestamp(horizon())::date + start as starts_on,
        office_hour(case when future then 45 else 7 - start end, id, 'c.announced') as announced,
        office_hour(greatest(1, -start - duration - draw(id, 'c.late', 20)), id, 'c.closed at')
            as closed_at,
        not future and -start - duration > 20 and draw(id, 'c.closed', 4) > 0 as closed
    from (
        select
            id,
            id > size('started_collectes') as future,
            case
                when id > size('started_collectes') then 3 + draw(id, 'c.start', 60)
                else (id - 1) * 1065 / size('started_collectes') - 1065
            end as start,
            30 * (1 + draw(id, 'c.duration', 4)) as duration,
            -- Most counters are right, some lag behind.
            (array[100, 100, 100, 100, 100, 100, 100, 90, 75, 0])[1 + draw(id, 'c.accuracy', 10)]
                as accuracy
        from generate_series(1, size('started_collectes') + size('future_collectes')) as id
        offset 0
    ) as plan
    left join sigeti_demo.campaign_sums as sums on sums.collecte_id = plan.id
) as plan
order by id;

insert into collecte_zones (collecte_id, zone_id)
select collecte.id, campaign_zone(collecte.id, nth)
from collectes as collecte
cross join lateral generate_series(0, zone_count(collecte.id) - 1) as nth
order by 1, 2;
