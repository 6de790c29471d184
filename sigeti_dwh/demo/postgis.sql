-- Added where the server has PostGIS: what the warehouse reads without it.
alter table zones_industrielles
    add column location geometry(Point, 4326),
    add column polygon geometry(Polygon, 4326);

-- Some have no point, some one outside the country.
update zones_industrielles
set
    location = case
        when id % 12 = 8 then null
        when id % 12 = 11 then st_setsrid(st_makepoint(0, 0), 4326)
        else st_setsrid(st_makepoint(place(id, 1), place(id, 2)), 4326)
    end,
    polygon = st_makeenvelope(
        place(id, 1) - 0.005, place(id, 2) - 0.005, place(id, 1) + 0.005, place(id, 2) + 0.005, 4326
    );
