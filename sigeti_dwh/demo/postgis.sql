-- Added where the server has PostGIS: what the warehouse must be able to leave aside.
alter table zones_industrielles
    add column location geometry(Point, 4326),
    add column polygon geometry(Polygon, 4326);

update zones_industrielles
set
    location = st_setsrid(st_makepoint(-8 + id % 50 / 10.0, 5 + id % 40 / 10.0), 4326),
    polygon = st_makeenvelope(
        -8 + id % 50 / 10.0, 5 + id % 40 / 10.0, -7.9 + id % 50 / 10.0, 5.1 + id % 40 / 10.0, 4326
    );
