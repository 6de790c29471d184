-- The zone of each invoice, or the member that says why it has none.
select
    f.id as facture_id,
    case
        when cardinality(visees.zones) = 1 then visees.zones[1]
        when cardinality(tenues.zones) = 1 then tenues.zones[1]
        when d.zone_id is not null then d.zone_id
        when cardinality(visees.zones) > 1 then -2
        when d.type_demande::text = 'HORS_ZONE_INDUSTRIELLE' then -3
        else -1
    end as zone_id
from factures as f
left join demandes_attribution as d on d.id = f.demande_attribution_id
cross join lateral (
    select array(select zone_id from collecte_zones where collecte_id = f.collecte_id) as zones
) as visees
cross join lateral (
    select array(
        select distinct zone_industrielle_id from lots
        where entreprise_id = f.entreprise_id and zone_industrielle_id = any(visees.zones)
    ) as zones
) as tenues
