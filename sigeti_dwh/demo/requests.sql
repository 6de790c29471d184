-- Allocation requests and the lots they ask for; lots are numbered zone by zone.
create table sigeti_demo.lot_blocks as
select
    zone_id,
    1 + size('lots') * (running - weight) / total as first_lot,
    size('lots') * running / total - size('lots') * (running - weight) / total as lot_count
from (
    select
        zone_id,
        weight,
        sum(weight) over (order by zone_id) as running,
        sum(weight) over () as total
    from (
        select zone_id, 1 + draw(zone_id, 'z.weight', 5) as weight
        from generate_series(1, size('zones_with_lots')) as zone_id
    ) as weights
) as sums;

create table sigeti_demo.request_plan as
select
    plan.*,
    block.first_lot,
    block.lot_count,
    case when block.lot_count > 0 then draw(id, 'd.lot', block.lot_count) end as lot_offset,
    case
        when block.lot_count is null or outside_zones then 'none'
        else pick(id, 'd.lots', array[
            'several', 'several', 'several', 'bridge', 'both', 'both', 'both', 'lot_id', 'lot_id',
            'none'
        ])
    end as lots_asked,
    -- A decision still to come leaves the request pending.
    case when delay < days_ago then outcome else 'EN_COURS' end as statut
from (
    select
        id,
        1 + (size('demandes') - id) * 1095 / size('demandes') as days_ago,
        20 + draw(id, 'd.delay', 160) as delay,
        pick(id, 'd.outcome', array[
            'VALIDE', 'VALIDE', 'VALIDE', 'VALIDE', 'VALIDE', 'REJETE', 'REJETE',
            'DOCUMENTS_REJETES', 'EN_COURS', 'EN_COURS'
        ]) as outcome,
        applicant(id) as applicant,
        id % 10 = 7 as outside_zones,
        case
            when draw(id, 'd.elsewhere', 10) < 3 then 1 + draw(id, 'd.zone', size('zones'))
            else 1 + applicant(id) % size('zones_with_lots')
        end as target_zone
    from generate_series(1, size('demandes')) as id
    -- offset 0 keeps a subquery whole: flattened, its draws would be made again at every use.
    offset 0
) as plan
left join sigeti_demo.lot_blocks as block on block.zone_id = plan.target_zone;

create function sigeti_demo.financing(id bigint, amount bigint) returns jsonb
language sql immutable as $$
    select case sigeti_demo.draw(id, 'd.financing', 10)
        when 0 then '{}'
        when 1 then '{"devise": "FCFA", "sources": []}'
        else jsonb_build_object(
            'devise', 'FCFA',
            'montantTotal',
            case
                when id % 97 = 42 then '"à préciser"'
                when id % 12 = 5 then to_jsonb(amount / 1000000 || ' 000 000')
                when id % 4 = 1 then to_jsonb(amount::text)
                else to_jsonb(amount)
            end,
            'sources', jsonb_build_array(
                jsonb_build_object('origine', 'Fonds propres', 'montant', amount * 2 / 5),
                jsonb_build_object('origine', 'Prêt bancaire', 'montant', amount - amount * 2 / 5)
            ),
            'sourcesValid', true
        )
    end
$$;

create function sigeti_demo.jobs(id bigint, total integer, abroad integer) returns jsonb
language sql immutable as $$
    select case sigeti_demo.draw(id, 'd.jobs', 10)
        when 0 then '{}'
        when 1 then jsonb_build_object('nationaux', jsonb_build_object('total', total))
        when 2 then jsonb_build_object(
            'total', total::text,
            'nationaux', jsonb_build_object('total', (total - abroad)::text),
            'expatries', null
        )
        else jsonb_build_object(
            'total', case when id % 97 = 61 then '"environ 40"' else to_jsonb(total) end,
            'nationaux', jsonb_build_object(
                'total', total - abroad, 'cadres', total / 5,
                'nonCadres', total - abroad - total / 5, 'autres', 0
            ),
            'expatries', jsonb_build_object(
                'total', abroad, 'cadres', abroad, 'nonCadres', 0, 'autres', 0
            ),
            'coherenceValid', true
        )
    end
$$;

insert into demandes_attribution (
    id, reference, statut, etape_courante, type_demande, entreprise_id, lot_id, zone_id,
    informations_terrain, financement, emplois, priorite, created_at, updated_at,
    demandes_attribution, user_id
)
select
    id,
    reference('DAZI', submitted, id),
    statut::"enum_demandes_attribution_statut",
    case statut
        when 'VALIDE' then 12
        when 'REJETE' then pick(id, 'd.step', array['3', '8', '9'])::integer
        when 'DOCUMENTS_REJETES' then 1
        else 1 + draw(id, 'd.step', least(11, 1 + days_ago / 5))
    end,
    case when outside_zones then 'HORS_ZONE_INDUSTRIELLE' else 'ZONE_INDUSTRIELLE' end
        ::"enum_demandes_attribution_type_demande",
    case when id % 53 <> 20 then applicant end,
    case
        when lots_asked in ('lot_id', 'both')
            -- Now and then lot_id contradicts the bridge.
            then first_lot + (lot_offset + case when id % 4 = 1 then 1 else 0 end) % lot_count
    end,
    case when not outside_zones and id % 23 <> 4 then target_zone end,
    case when id % 3 = 0 then '{"acces": "voie bitumée", "eau": true}'::jsonb end,
    financing(id, 1000000 * (5 + draw(id, 'd.amount', 495))::bigint),
    jobs(id, total_jobs, total_jobs / 10),
    pick(id, 'd.priorite', array['', '', 'normale', 'Normale ', 'haute', 'URGENTE']),
    submitted,
    case
        when statut <> 'EN_COURS' then office_hour(days_ago - delay, id, 'd.decided')
        when days_ago = 1 then submitted
        else office_hour(
            days_ago - 1 - draw(id, 'd.moved', least(days_ago - 1, 90)), id, 'd.moved hour'
        )
    end,
    case when id % 31 = 9 then 1 + draw(id, 'd.operateur', size('operateurs')) end,
    size('staff') + applicant
from (
    select
        plan.*,
        office_hour(days_ago, id, 'd.submitted') as submitted,
        5 + draw(id, 'd.total_jobs', 200) as total_jobs
    from sigeti_demo.request_plan as plan
    offset 0
) as plan
order by id;

insert into demande_attribution_lots (
    id, demande_attribution_id, lot_id, ordre, created_at, updated_at
)
select
    row_number() over (order by plan.id, nth),
    plan.id,
    plan.first_lot + (plan.lot_offset + nth - 1) % plan.lot_count,
    nth,
    demande.created_at,
    demande.created_at
from sigeti_demo.request_plan as plan
inner join demandes_attribution as demande on demande.id = plan.id
cross join lateral generate_series(
    1,
    case plan.lots_asked
        when 'several' then 2 + draw(plan.id, 'd.lot count', 4)
        when 'both' then 1 + draw(plan.id, 'd.lot count', 2)
        when 'bridge' then 1
        else 0
    end
) as nth
where nth <= plan.lot_count;

-- The walk of each request: its steps forward, and before some of them a way back and again. The
-- check of SOGEDI or CEPICI sends back to the first step, the internal commission to the analysis.
create table sigeti_demo.request_moves as
select
    demande.id,
    demande.statut,
    demande.created_at,
    demande.updated_at,
    step,
    leg,
    step = steps and leg = 3 as is_last,
    case when leg = 2 then back else step end as source,
    case
        when leg = 1 then back
        when leg = 2 then step
        when step < steps or statut in ('VALIDE', 'EN_COURS') then step + 1
        when statut = 'REJETE' then step
        else 1
    end as destination,
    -- The inter-ministerial commission meets rarely: the bottleneck.
    (array[2, 3, 4, 5, 6, 3, 7, 8, 30, 4, 6])[case when leg = 2 then back else step end]
    * (50 + draw(demande.id * 64 + step * 4 + leg, 'h.duration', 101)) as duration
from demandes_attribution as demande
cross join lateral (
    select case demande.statut
        when 'DOCUMENTS_REJETES' then 3
        when 'REJETE' then demande.etape_courante
        else demande.etape_courante - 1
    end as steps
) as totals
cross join lateral generate_series(1, steps) as step
cross join lateral (select case when step = 8 then 5 else 1 end as back) as backs
inner join generate_series(1, 3) as leg
    on leg = 3
    or step = 2 + demande.id % 2 and draw(demande.id, 'h.sent back', 10) < 3
    or step = 8 and draw(demande.id, 'h.incomplete', 10) < 2;

insert into historique_demandes (
    id, demande_attribution_id, etape_source, etape_destination, action, statut_avant,
    statut_apres, commentaire, donnees, date_action, utilisateur_id, created_at, updated_at
)
select
    row_number() over (order by id, step, leg),
    -- Some have lost their request, as the foreign key leaves them.
    case when id % 67 <> 12 or step > 2 then id end,
    source,
    destination,
    case
        when leg = 1 or turned_down then pick(key, 'h.refusal', array['Rejet', 'Rejet', 'REJET '])
        when leg = 2 then 'Nouvelle soumission'
        else pick(key, 'h.action', array[
            'Passage à l''étape suivante', 'Passage à l''étape suivante',
            'Passage à l''étape suivante', 'Passage à l''étape suivante',
            'passage à l''étape suivante', U&'\200BPassage à l''étape suivante'
        ])
    end,
    case when leg = 2 then 'DOCUMENTS_REJETES' else 'EN_COURS' end,
    case
        when leg = 1 then 'DOCUMENTS_REJETES'
        when is_last then statut::text
        else 'EN_COURS'
    end,
    case
        when leg = 1 or turned_down and statut = 'DOCUMENTS_REJETES' then 'Pièces incomplètes'
    end,
    case
        when leg = 3 and step in (4, 11) then jsonb_build_object(
            'factureId', id,
            'methodePaiement', pick(id, 'h.mode', array['Cheque', 'Virement', 'Espèces']),
            'montantPaiement',
            case when id % 2 = 0 then to_jsonb(amount) else to_jsonb(amount::text) end
        )
    end,
    moment,
    case when key % 23 <> 6 then 1 + draw(key, 'h.utilisateur', size('staff')) end,
    moment,
    moment
from (
    select
        moves.*,
        id * 64 + step * 4 + leg as key,
        is_last and statut in ('REJETE', 'DOCUMENTS_REJETES') as turned_down,
        50000 * (1 + id % 9) as amount,
        -- Some type in the day only: several moves at one moment.
        case
            when id % 29 = 3 then greatest(created_at, date_trunc('day', at))
            else at
        end as moment
    from (
        select
            *,
            created_at + (updated_at - created_at) * (
                sum(duration) over (partition by id order by step, leg)::float8
                / sum(duration) over (partition by id)
            ) as at
        from sigeti_demo.request_moves
    ) as moves
    offset 0
) as events
order by id, step, leg;
