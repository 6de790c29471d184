-- One row a request and a lot it asks for: those of the bridge, else its lot_id.
select demande_attribution_id as demande_id, lot_id
from demande_attribution_lots
union all
select demande.id, demande.lot_id
from demandes_attribution as demande
left join demande_attribution_lots as pont on pont.demande_attribution_id = demande.id
where pont.id is null and demande.lot_id is not null
