-- What becomes of each invoice, computed from its number alone: read once for the invoices and
-- once for their payments, which costs less than storing it.
create function sigeti_demo.zone_count(collecte bigint) returns integer
language sql immutable as $$
    select case
        when collecte % 7 = 3 then 0
        when collecte % 4 = 1 then 2 + sigeti_demo.draw(collecte, 'c.zones', 3)
        else 1
    end
$$;

create function sigeti_demo.campaign_zone(collecte bigint, nth integer) returns integer
language sql immutable as $$
    select 1 + (sigeti_demo.draw(collecte, 'c.zone', sigeti_demo.size('zones_with_lots')) + nth)
        % sigeti_demo.size('zones_with_lots')
$$;

-- Enterprises of one zone lie size('zones_with_lots') apart; the smaller of two draws makes
-- large and small clients.
create function sigeti_demo.campaign_client(id bigint, collecte bigint) returns integer
language sql immutable as $$
    select sigeti_demo.campaign_zone(
        coalesce(collecte, id),
        sigeti_demo.draw(id, 'f.zone', greatest(sigeti_demo.zone_count(collecte), 1))
    ) + sigeti_demo.size('zones_with_lots') * least(
        sigeti_demo.draw(id, 'f.entreprise', sigeti_demo.size('clients_per_zone')),
        sigeti_demo.draw(id, 'f.entreprise 2', sigeti_demo.size('clients_per_zone'))
    )
$$;

-- The campaign an invoice was written for: one of the last three started, or one still to start.
create function sigeti_demo.campaign_of(id bigint, days_ago integer) returns bigint
language sql immutable as $$
    select case
        when days_ago <= 30 and sigeti_demo.draw(id, 'f.future', 3) = 0
            then sigeti_demo.size('started_collectes') + 1
                + sigeti_demo.draw(id, 'f.collecte', sigeti_demo.size('future_collectes') - 1)
        else greatest(
            1,
            1 + id * sigeti_demo.size('started_collectes') / sigeti_demo.size('factures')
                - sigeti_demo.draw(id, 'f.collecte', 3)
        )
    end
$$;

-- The request a fee is for: one submitted shortly before.
create function sigeti_demo.request_of(id bigint) returns bigint
language sql immutable as $$
    select greatest(
        1,
        id * sigeti_demo.size('demandes') / sigeti_demo.size('factures')
            - 1 - sigeti_demo.draw(id, 'f.demande', 8)
    )
$$;

create view sigeti_demo.invoice_plan as
select
    plan.*,
    case
        when instalments = 0 then 0
        when outcome = 'overpaid' then amount + 500 * (1 + draw(id, 'f.excess', 20))
        when outcome in ('settled', 'refunded') then amount
        else amount * (20 + draw(id, 'f.share', 60)) / 100
    end as amount_paid
from (
    select
        plan.*,
        case
            when amount = 0 then 0
            when outcome in ('settled', 'overpaid')
                then 1 + least(draw(id, 'f.instalments', 3), draw(id, 'f.instalments 2', 3))
            when outcome = 'partial' then 1 + draw(id, 'f.instalments', 2)
            when outcome in ('cancelled', 'refunded', 'failed')
                then draw(id, 'f.instalments', 2)
            else 0
        end as instalments,
        1 + draw(id, 'f.delay', (array[110, 70, 45, 25])[1 + reliability]) as delay
    from (
        select
            plan.*,
            case
                when id % 331 = 5 then 0
                when demande is not null then 50000 * (1 + draw(id, 'f.fee', 10))
                else 500 * (10 + draw(id, 'f.amount', 190)) * (
                    array[1, 1, 1, 1, 1, 10, 10, 10, 10, 100]
                )[1 + draw(entreprise, 'e.size', 10)]
            end::bigint as amount,
            case
                when fate < 30 then 'cancelled'
                when fate < 45 then 'refunded'
                when fate < 60 then 'failed'
                when fate < 100 then 'marked as paid'
                when fate < 130 then 'overpaid'
                when draw(id, 'f.open', 100) >= (array[60, 25, 12, 3])[1 + reliability]
                    then 'settled'
                when id % 2 = 0 then 'partial'
                else 'unpaid'
            end as outcome
        from (
            select plan.*, draw(entreprise, 'e.reliability', 4) as reliability
            from (
                select
                    plan.*,
                    case
                        when demande is not null then applicant(demande)
                        else campaign_client(id, collecte)
                    end as entreprise
                from (
                    select
                        id,
                        days_ago,
                        fate,
                        case when origin < size('fees_per_thousand') then request_of(id) end
                            as demande,
                        case
                            when origin >= size('fees_per_thousand') + 30
                                then campaign_of(id, days_ago)
                        end as collecte
                    from (
                        select
                            id,
                            (1 + (size('factures') - id) * 1065 / size('factures'))::integer
                                as days_ago,
                            draw(id, 'f.origin', 1000) as origin,
                            draw(id, 'f.fate', 1000) as fate
                        from generate_series(1::bigint, size('factures')) as id
                        offset 0
                    ) as plan
                    offset 0
                ) as plan
                offset 0
            ) as plan
            offset 0
        ) as plan
        offset 0
    ) as plan
    offset 0
) as plan;

-- The second of an instalment, `wait` days after its invoice: after office hours on the same
-- day, at midnight for the payments typed in with a date only.
create function sigeti_demo.paid_at(id bigint, days_ago integer, wait integer, nth integer)
returns bigint language sql immutable as $$
    select sigeti_demo.horizon() + (wait - days_ago) * 86400 + case
        when wait = 0 then 64800 + 600 * nth
        when sigeti_demo.draw(id, 'p.midnight', 6) = 0 then 0
        else 25200 + sigeti_demo.draw(id * 4 + nth, 'p.second', 39600)
    end
$$;
