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
            case when id % 4 = 1 then to_jsonb(amount::text) else to_jsonb(amount) end,
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
            'total', total,
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

insert into historique_demandes (
    id, demande_attribution_id, etape_source, etape_destination, action, statut_avant,
    statut_apres, commentaire, donnees, date_action, utilisateur_id, created_at, updated_at
)
select
    row_number() over (order by id, step),
    id,
    step,
    case when not turned_down then step + 1 when statut = 'REJETE' then step else 1 end,
    case when turned_down then 'Rejet' else 'Passage à l''étape suivante' end,
    'EN_COURS',
    case when step = steps then statut::text else 'EN_COURS' end,
    case when turned_down and statut = 'DOCUMENTS_REJETES' then 'Pièces incomplètes' end,
    case
        when step in (4, 11) then jsonb_build_object(
            'factureId', id,
            'methodePaiement', pick(id, 'h.mode', array['Cheque', 'Virement', 'Espèces']),
            'montantPaiement',
            case when id % 2 = 0 then to_jsonb(amount) else to_jsonb(amount::text) end
        )
    end,
    moment,
    1 + draw(id * 16 + step, 'h.utilisateur', size('staff')),
    moment,
    moment
from (
    select
        demande.id,
        demande.statut,
        step,
        steps,
        step = steps and demande.statut in ('REJETE', 'DOCUMENTS_REJETES') as turned_down,
        50000 * (1 + demande.id % 9) as amount,
        to_timestamp(
            extract(epoch from demande.created_at)::bigint
            + extract(epoch from demande.updated_at - demande.created_at)::bigint * step / steps
        ) as moment
    from demandes_attribution as demande
    cross join lateral (
        select case demande.statut
            when 'DOCUMENTS_REJETES' then 3
            when 'REJETE' then demande.etape_courante
            else demande.etape_courante - 1
        end as steps
    ) as totals
    cross join lateral generate_series(1, steps) as step
) as events
order by id, step;
