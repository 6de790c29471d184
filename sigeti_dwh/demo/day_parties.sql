-- Enterprises, sectors, zones and lots of one simulated day.
with arrivals as materialized (
    select nextval('entreprises_id_seq')::integer as id
    from generate_series(1, size('new_entreprises'))
)

insert into entreprises (
    id, raison_sociale, telephone, email, registre_commerce, forme_juridique, adresse,
    domaine_activite_id, date_creation, date_modification
)
select
    id,
    'Nouvelle société '
    || pick(id, 'e.trade', array['de câblerie', 'd''anacarde', 'de ciment', 'd''œuvres d''art'])
    || ' n° ' || id,
    '+225 00' || lpad(id::text, 8, '0'),
    'contact@entreprise-' || padded(id) || '.example',
    'CI-ABJ-' || extract(year from today())::integer || '-B-' || padded(id),
    pick(id, 'e.forme', array['SA', 'SARL', 'SAS']),
    'Îlot ' || id % 90 || ', Abidjan',
    case
        when draw(id, 'e.has sector', 5) > 0
            then 1 + draw(id, 'e.sector', size('domaines_activites'))
    end,
    at(10),
    at(10)
from arrivals;

update entreprises
set
    raison_sociale = case
        when raison_sociale like '% Holding' then left(raison_sociale, -8)
        else raison_sociale || ' Holding'
    end,
    date_modification = at(30)
where id in (select id from chosen('renamed_entreprises', 'entreprises'));

update entreprises
set
    domaine_activite_id = 1 + (
        coalesce(domaine_activite_id, 0)
        + draw(id, 'e.next sector', size('domaines_activites') - 1)
    ) % size('domaines_activites'),
    date_modification = at(40)
where id in (select id from chosen('changed_sectors', 'entreprises'));

insert into entreprise_domaines (entreprise_id, domaine_activite_id, created_at)
select entreprise.id, 1 + draw(entreprise.id, 'e.bridge', size('domaines_activites')), at(50)
from sample('added_sectors', 'entreprises') as candidate
inner join entreprises as entreprise on entreprise.id = candidate.id
order by candidate.nth
limit size('added_sectors')
on conflict do nothing;

delete from entreprise_domaines
where id in (select id from chosen('removed_sectors', 'entreprise_domaines'));

update domaines_activites
set
    libelle = case
        when libelle like '% et dérivés' then left(libelle, -11) else libelle || ' et dérivés'
    end,
    updated_at = at(55)
where id in (select id from chosen('renamed_sectors', 'domaines_activites'));

update zones_industrielles
set
    libelle = case
        when libelle like '% (réhabilitée)' then left(libelle, -14)
        else libelle || ' (réhabilitée)'
    end,
    updated_at = at(60)
where id in (select id from chosen('renamed_zones', 'zones_industrielles'));

with arrivals as materialized (
    select nextval('lots_id_seq')::integer as id
    from generate_series(1, size('new_lots'))
)

insert into lots (
    id, numero, ilot, superficie, prix, zone_industrielle_id, zone_id, location, created_at,
    updated_at
)
select
    arrival.id,
    'LOT-' || padded(arrival.id),
    'ÎLOT ' || arrival.id / 10,
    1000 + 100 * draw(arrival.id, 'l.superficie', 90),
    1000000 * (5 + draw(arrival.id, 'l.prix', 90)),
    zone.id,
    zone.id,
    format(
        '{"type":"Point","coordinates":[%s,%s]}',
        lot_place(arrival.id, zone.id, 1),
        lot_place(arrival.id, zone.id, 2)
    ),
    at(70),
    at(70)
from arrivals as arrival
inner join zones_industrielles as zone
    on zone.id = 1 + draw(arrival.id, 'l.zone', size('zones_industrielles'));

update lots
set prix = prix + 100000 * (1 + draw(id, 'l.rise', 20)), updated_at = at(80)
where id in (select id from chosen('changed_prices', 'lots'));

update lots
set
    statut = case statut when 'occupé' then 'disponible' else 'occupé' end::"enum_lots_statut",
    entreprise_id = case
        when statut = 'disponible' then (
            -- Numbers of enterprises have gaps after a day that was interrupted.
            select max(entreprise.id) from entreprises as entreprise
            where entreprise.id <= 1 + draw(lots.id, 'l.occupant', size('applicants'))
        )
    end,
    updated_at = at(90)
where id in (select id from chosen('changed_occupations', 'lots'));
