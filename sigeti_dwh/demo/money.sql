-- Invoices, their lines and their payments.
insert into factures (
    id, numero_facture, date_creation, date_echeance, date_paiement, montant_total, sous_total,
    statut, entreprise_id, notes, processus_origine, demande_attribution_id, collecte_id,
    created_by, updated_by, version, is_deleted, created_at, updated_at, deleted_at
)
select
    id,
    reference('FAC', issued, id),
    issued,
    case
        when draw(id, 'f.no due date', 12) > 0
            then issued + (array[30, 30, 60, 90])[1 + draw(id, 'f.due', 4)] * interval '1 day'
    end,
    case
        when statut = 'Payée' and (instalments = 0 or draw(id, 'f.no date', 10) < 7)
            then to_timestamp(settled)
    end,
    amount,
    case draw(id, 'f.sous_total', 10)
        when 0 then amount
        when 1 then amount
        when 2 then amount
        when 3 then null
        else 0
    end,
    statut::"enum_factures_statut",
    entreprise,
    case id % 5 when 1 then '' when 2 then 'Générée automatiquement' end,
    case
        when demande is null then 'COLLECTE_DROIT'
        when id % 2 = 0 then 'ATTRIBUTION_LOT'
        else 'Frais de Lamev'
    end,
    demande,
    collecte,
    1 + draw(id, 'f.created_by', size('staff')),
    case when statut <> 'En attente' then 1 + draw(id, 'f.updated_by', size('staff')) end,
    case when statut <> 'En attente' then 2 else 1 end,
    deleted and id % 397 <> 21,
    issued,
    case
        when deleted then to_timestamp(dropped)
        when statut = 'Payée' then to_timestamp(settled)
        when statut <> 'En attente' then to_timestamp(dropped)
        else issued
    end,
    case when deleted and id % 389 <> 20 then to_timestamp(dropped) end
from (
    select
        plan.*,
        office_hour(days_ago, id, 'f.issued') as issued,
        paid_at(id, days_ago, delay, instalments) as settled,
        horizon() - 1 - draw(id, 'f.dropped', days_ago * 86400 - 64800) as dropped,
        -- The flag without the date and the date without the flag exist as well.
        id % 43 = 17 or id % 389 = 20 or id % 397 = 21 as deleted,
        case
            when outcome = 'cancelled' then 'Annulée'
            when outcome = 'refunded' then 'Remboursée'
            when outcome = 'failed' then 'Échoué'
            when outcome in ('partial', 'unpaid') or delay >= days_ago then 'En attente'
            -- Paid in full, and nobody changed the status.
            when instalments > 0 and draw(id, 'f.forgotten', 20) = 0 then 'En attente'
            else 'Payée'
        end as statut
    from sigeti_demo.invoice_plan as plan
    offset 0
) as plan;

-- Most invoices have one line; the lines of some are missing, those of a few sum up to less.
insert into detail_factures (
    id, facture_id, description, quantite, prix_unitaire, montant, montant_ligne,
    created_at, updated_at
)
select
    row_number() over (),
    id,
    case
        when nth > 1 then pick(id, 'i.addition', array[
            'Frais de dossier', 'frais de  dossier', 'Pénalité de retard', 'Arriérés'
        ])
        when processus_origine = 'Frais de Lamev'
            then pick(id, 'i.lamev', array['Frais de LAMEV', 'FRAIS DE LAMEV '])
        when processus_origine = 'ATTRIBUTION_LOT' then 'Frais de dossier'
        else pick(id, 'i.fee', array[
            'Redevance d''occupation', 'Redevance d''occupation', 'Redevance d’occupation',
            U&'Redevance\00A0d''occupation', 'REDEVANCE D''OCCUPATION'
        ])
    end,
    quantity,
    amount / quantity,
    amount,
    amount,
    created_at,
    created_at
from (
    select id, processus_origine, montant_total::bigint as total, created_at
    from factures
    where montant_total > 0 and id % 11 <> 9
    order by id
) as facture
cross join lateral generate_series(1, case when facture.id % 4 = 0 then 2 else 1 end) as nth
cross join lateral (
    select case
        when facture.id % 4 > 0 then total
        when nth = 1 then total - total / 5
        else total / 5 - case when facture.id % 500 = 204 then 500 else 0 end
    end as amount
) as amounts
cross join lateral (
    select case
        when nth = 1 and processus_origine = 'COLLECTE_DROIT' and amount % 12 = 0 then 12 else 1
    end as quantity
) as quantities;

insert into paiement_factures (
    id, facture_id, montant, date_paiement, mode_paiement, statut, reference_paiement,
    piece_justificative, created_at, updated_at
)
select
    -- In the order of the invoices already: a sort of millions of rows would only repeat it.
    row_number() over (),
    id,
    amount_paid * nth / instalments - amount_paid * (nth - 1) / instalments,
    to_timestamp(paid),
    pick(key, 'p.mode', array[
        'Cheque', 'cheque', 'Chèque ', 'Virement', 'Virement', 'virement', 'Espèces', 'especes',
        'Mobile Money', 'MOBILE MONEY', ' Mobile money', null, ''
    ]),
    case
        when draw(key, 'p.statut', 10) >= case when demande is null then 4 else 9 end
            then 'en_attente'
        when (id + nth) % 40 = 7 then pick(key, 'p.spelling', array['REUSSI', 'Réussi', 'reussi '])
        else 'Reussi'
    end,
    case when draw(key, 'p.reference', 3) > 0 then reference('PAY', to_timestamp(paid), key) end,
    case when id % 10 = 4 then 'recu-' || id || '-' || nth || '.pdf' end,
    to_timestamp(typed_in),
    to_timestamp(least(horizon() - 1, typed_in + id % 3 * draw(key, 'p.confirmed', 200000)))
from (
    select
        plan.*,
        nth,
        id * 4 + nth as key,
        paid,
        least(horizon() - 1, paid + draw(id * 4 + nth, 'p.typed in', 3) * 32400) as typed_in
    from sigeti_demo.invoice_plan as plan
    cross join lateral generate_series(1, instalments) as nth
    -- Some pay all instalments at the same moment.
    cross join lateral (
        select case when id % 17 = 6 then instalments else nth end as paid_nth
    ) as paid_nths
    cross join lateral (
        select paid_at(id, days_ago, delay * paid_nth / instalments, paid_nth) as paid
    ) as moments
    where delay * paid_nth / instalments < days_ago
    offset 0
) as payments;
