-- One row a campaign and a zone it covers.
select collecte_id, zone_id from collecte_zones
