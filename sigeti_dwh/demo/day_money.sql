-- Invoices and payments of one simulated day: three of four invoices for an open campaign, the
-- others the fees of a request.
with arrivals as materialized (
    select nextval('factures_id_seq')::integer as id
    from generate_series(1, size('new_invoices'))
),

open_campaigns as (
    select array_agg(id order by id) as ids from collectes where statut_cloture = 'ouverte'
),

targets as materialized (
    select
        arrival.id,
        draw(id, 'f.origin', 4) = 0 as is_fee,
        open_campaigns.ids[1 + draw(id, 'f.collecte', cardinality(open_campaigns.ids))] as collecte,
        500 * (10 + draw(id, 'f.amount', 1900)) as amount
    from arrivals as arrival
    cross join open_campaigns
)

insert into factures (
    id, numero_facture, date_creation, date_echeance, montant_total, sous_total, entreprise_id,
    processus_origine, demande_attribution_id, collecte_id, created_by, created_at, updated_at
)
select
    target.id,
    reference('FAC', at(400), target.id),
    at(400),
    case when draw(target.id, 'f.no due date', 12) > 0 then at(400) + interval '30 days' end,
    target.amount,
    case when target.id % 3 = 0 then target.amount else 0 end,
    entreprise.id,
    case
        when demande.id is null then 'COLLECTE_DROIT'
        when target.id % 2 = 0 then 'ATTRIBUTION_LOT'
        else 'Frais de Lamev'
    end,
    demande.id,
    case when not target.is_fee then target.collecte end,
    1,
    at(400),
    at(400)
from targets as target
left join demandes_attribution as demande
    on target.is_fee
    and demande.id = 1 + draw(target.id, 'f.demande', size('demandes_attribution'))
inner join entreprises as entreprise
    on entreprise.id = coalesce(
        demande.entreprise_id, 1 + draw(target.id, 'f.entreprise', size('applicants'))
    )
order by target.id;

insert into detail_factures (
    facture_id, description, prix_unitaire, montant, montant_ligne, created_at, updated_at
)
select
    id,
    case processus_origine
        when 'Frais de Lamev' then 'Frais de LAMEV'
        when 'ATTRIBUTION_LOT' then 'Frais de dossier'
        else 'Redevance d''occupation'
    end,
    montant_total,
    montant_total,
    montant_total,
    created_at,
    created_at
from factures
where id > size('factures') and id % 11 <> 9
order by id;

-- Most pay what is left, some a part, a few too much; one in five was made some days ago.
insert into paiement_factures (
    facture_id, montant, date_paiement, mode_paiement, statut, reference_paiement,
    created_at, updated_at
)
select
    facture.id,
    case draw(facture.id, 'p.share', 10)
        when 0 then remaining + 500
        when 1 then ceil(remaining / 2)
        when 2 then ceil(remaining / 3)
        else remaining
    end,
    case
        when draw(facture.id, 'p.late', 5) = 0
            then greatest(facture.date_creation, at(500) - interval '4 days')
        else at(500)
    end,
    pick(facture.id, 'p.mode', array[
        'Cheque', 'cheque', 'Chèque ', 'Virement', 'Espèces', 'Mobile Money', null
    ]),
    pick(facture.id, 'p.statut', array['en_attente', 'en_attente', 'Reussi']),
    reference('PAY', at(500), facture.id) || '-' || draw(facture.id, 'p.reference', 1000),
    at(500),
    at(500)
from sample('new_payments', 'factures') as candidate
inner join factures as facture on facture.id = candidate.id
cross join lateral (
    select facture.montant_total - coalesce(sum(montant), 0) as remaining
    from paiement_factures
    where facture_id = facture.id
) as balance
where facture.statut = 'En attente' and not facture.is_deleted and facture.deleted_at is null
    and remaining > 0
order by candidate.nth
limit size('new_payments');

-- The application marks most of the invoices settled today, and forgets some.
update factures
set
    statut = 'Payée',
    date_paiement = case when draw(factures.id, 'f.date', 3) > 0 then at(520) end,
    version = version + 1,
    updated_at = at(520)
from (
    select paiement.facture_id, balance.paid
    from (
        select distinct facture_id from paiement_factures where id > size('paiement_factures')
    ) as paiement
    cross join lateral (
        select sum(montant) as paid
        from paiement_factures
        where facture_id = paiement.facture_id
    ) as balance
) as payments
where factures.id = payments.facture_id and payments.paid >= factures.montant_total
    and draw(factures.id, 'f.forgotten', 10) > 0;

update paiement_factures
set statut = 'Reussi', updated_at = at(540)
where id in (
    select paiement.id
    from sample('confirmations', 'paiement_factures') as candidate
    inner join paiement_factures as paiement on paiement.id = candidate.id
    where paiement.statut = 'en_attente'
    order by candidate.nth
    limit size('confirmations')
);

update paiement_factures
set montant = montant + 500, updated_at = at(550)
where id in (select id from chosen('corrected_payments', 'paiement_factures'));

update factures
set date_echeance = at(560) + interval '30 days', version = version + 1, updated_at = at(560)
where id in (
    select facture.id
    from sample('postponed_due_dates', 'factures') as candidate
    inner join factures as facture on facture.id = candidate.id
    where facture.statut = 'En attente'
    order by candidate.nth
    limit size('postponed_due_dates')
);

update factures
set
    statut = case statut
        when 'Payée' then 'Remboursée'
        else pick(id, 'f.cancelled', array['Annulée', 'Annulée', 'Échoué'])
    end::"enum_factures_statut",
    version = version + 1,
    updated_at = at(600)
where id in (
    select facture.id
    from sample('cancellations', 'factures') as candidate
    inner join factures as facture on facture.id = candidate.id
    where facture.statut in ('En attente', 'Payée')
    order by candidate.nth
    limit size('cancellations')
);

update factures
set is_deleted = true, deleted_at = at(620), updated_at = at(620)
where id in (
    select facture.id
    from sample('soft_deletes', 'factures') as candidate
    inner join factures as facture on facture.id = candidate.id
    where not facture.is_deleted and facture.deleted_at is null
    order by candidate.nth
    limit size('soft_deletes')
);

update factures
set is_deleted = false, deleted_at = null, updated_at = at(640)
where id in (
    select facture.id
    from sample('restorations', 'factures') as candidate
    inner join factures as facture on facture.id = candidate.id
    where (facture.is_deleted or facture.deleted_at is not null) and facture.updated_at < at(620)
    order by candidate.nth
    limit size('restorations')
);

delete from paiement_factures
where id in (select id from chosen('deleted_payments', 'paiement_factures'));
