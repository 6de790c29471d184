-- One row a request and a lot it asks for: those of the bridge, else its lot_id.
select demande.id as demande_id, pont.lot_id, demande.entreprise_id
from demande_attribution_lots as pont
inner join demandes_attribution as demande on demande.id = pont.demande_attribution_id
union all
select demande.id, demande.lot_id, demande.entreprise_id
from demandes_attribution as demande
left join demande_attribution_lots as pont on pont.demande_attribution_id = demande.id
where pont.id is null and demande.lot_id is not null
