-- Lots, most of those in an approved request occupied by its enterprise.
create table sigeti_demo.grants as
select distinct on (lot_id) lot_id, entreprise_id, decided_at
from (
    select
        demande.id,
        coalesce(pont.lot_id, demande.lot_id) as lot_id,
        demande.entreprise_id,
        demande.updated_at as decided_at
    from demandes_attribution as demande
    left join demande_attribution_lots as pont on pont.demande_attribution_id = demande.id
    where demande.statut = 'VALIDE'
) as granted
where lot_id is not null
order by lot_id, id;

insert into lots (
    id, numero, ilot, superficie, unite_mesure, prix, statut, priorite, viabilite, description,
    coordonnees, zone_industrielle_id, zone_id, entreprise_id, date_acquisition, date_reservation,
    delai_option, polygon, location, created_at, updated_at, operateur_id
)
select
    id,
    case id % 17
        when 3 then ' LOT-' || padded(id) || ' '
        when 9 then 'LOT-' || padded(id) || '  '
        else 'LOT-' || padded(id)
    end,
    case when id % 25 = 6 then '' else 'ÎLOT ' || 1 + id / 10 end,
    -- Improbable on purpose: 3.5 m², or thousands of hectares.
    case
        when id % 150 = 77 then 3.5
        when id % 150 = 127 then square_metres
        when in_hectares then square_metres / 10000.0
        else square_metres
    end,
    case
        when id % 150 = 77 then 'm2'
        when id % 150 = 127 then 'ha'
        when in_hectares then pick(id, 'l.ha', array['ha', 'ha', 'HA', ' ha ', 'Ha'])
        else pick(id, 'l.m2', array['m2', 'm2', 'm2', 'm2', 'M2', 'm2 ', 'm²'])
    end,
    square_metres / 10 * 10000 * (2 + draw(id, 'l.prix', 13)),
    case when occupied then 'occupé' else 'disponible' end::"enum_lots_statut",
    pick(id, 'l.priorite', array['normale', 'normale', 'normale', 'haute', 'basse']),
    draw(id, 'l.viabilite', 10) < 8,
    case id % 6
        when 0 then ''
        when 1 then 'Lot d''angle, façade sur voie bitumée'
        when 2 then '   '
    end,
    case when id % 3 = 0 then '5.' || 300 + id % 90 || ', -4.' || 100 + id % 80 end,
    zone_id,
    case when draw(id, 'l.zone_id', 2) = 0 then zone_id end,
    occupant,
    case when occupant is not null and id % 5 <> 0 then (decided_at at time zone 'UTC')::date end,
    case when reserved then office_hour(1 + draw(id, 'l.reserved', 90), id, 'l.reserved hour') end,
    case when reserved then 30 * (1 + id % 3) end,
    case
        when id % 8 = 1 then format(
            '{"type":"Polygon","coordinates":[[[%1$s,%2$s],[%3$s,%2$s],[%3$s,%4$s],[%1$s,%2$s]]]}',
            longitude, latitude, longitude + 0.001, latitude + 0.001
        )
    end,
    case
        when id % 8 = 3 then null
        when id % 50 = 25 then ''
        -- The two numbers the wrong way round: a point in the ocean.
        when id % 97 = 50 then format('{"type":"Point","coordinates":[%s,%s]}', latitude, longitude)
        else format('{"type":"Point","coordinates":[%s,%s]}', longitude, latitude)
    end,
    registered,
    greatest(registered, decided_at),
    case when id % 41 = 8 then 1 + draw(id, 'l.operateur', size('operateurs')) end
from (
    select
        lot.*,
        lot_place(id, zone_id, 1) as longitude,
        lot_place(id, zone_id, 2) as latitude,
        by_grant or from_before as occupied,
        not by_grant and not from_before and id % 13 = 2 as reserved,
        case
            when by_grant then grantee
            when from_before then 1 + draw(id, 'l.occupant', size('applicants'))
        end as occupant
    from (
        select
            id,
            block.zone_id,
            100 * (5 + draw(id, 'l.superficie', 245)) as square_metres,
            draw(id, 'l.unit', 8) = 0 as in_hectares,
            approved.lot_id is not null and draw(id, 'l.forgotten', 10) > 0 as by_grant,
            draw(id, 'l.before', 10) = 0 as from_before,
            approved.entreprise_id as grantee,
            coalesce(
                approved.decided_at,
                office_hour(1 + draw(id, 'l.updated', 900), id, 'l.updated hour')
            ) as decided_at,
            office_hour(1100 + draw(block.zone_id, 'l.created', 400), id, 'l.created hour')
                as registered
        from sigeti_demo.lot_blocks as block
        cross join lateral generate_series(
            block.first_lot, block.first_lot + block.lot_count - 1
        ) as id
        left join sigeti_demo.grants as approved on approved.lot_id = id
        offset 0
    ) as lot
    offset 0
) as lots
order by id;
