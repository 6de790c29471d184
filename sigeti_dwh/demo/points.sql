-- In the place of postgis.sql where the server has no PostGIS: what PostGIS would make of a point.
alter table zones_industrielles add column location jsonb;

update zones_industrielles
set location = jsonb_build_object('type', 'Point', 'coordinates', jsonb_build_array(
    case when id % 12 = 11 then 0 else place(id, 1) end,
    case when id % 12 = 11 then 0 else place(id, 2) end
))
where id % 12 <> 8;
