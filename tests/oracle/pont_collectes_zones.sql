-- One row a campaign and a zone it covers.
select collecte_zones.collecte_id, collecte_zones.zone_id, coalesce(zone.id, -1) as zone_key
from collecte_zones
left join zones_industrielles as zone on zone.id = collecte_zones.zone_id
