select
    demande_id,
    _changement
from {{ ref('stg_changements_demandes') }}

union all

select
    demande_id,
    _changement
from {{ ref('stg_changements_demande_lots') }}

union all

select
    demande_lots.demande_id,
    lots_changes._changement
from {{ ref('int_lots_changes') }} as lots_changes
inner join {{ ref('stg_demande_attribution_lots') }} as demande_lots
    on lots_changes.lot_id = demande_lots.lot_id

union all

select
    demandes.demande_id,
    lots_changes._changement
from {{ ref('int_lots_changes') }} as lots_changes
inner join {{ ref('stg_demandes_attribution') }} as demandes
    on lots_changes.lot_id = demandes.lot_id

union all

select
    demandes.demande_id,
    entreprises._changement
from {{ ref('dim_entreprises') }} as entreprises
inner join {{ ref('stg_demandes_attribution') }} as demandes
    on entreprises.entreprise_id = demandes.entreprise_id

union all

select
    demandes.demande_id,
    zones._changement
from {{ comings_and_goings(ref('dim_zones_industrielles'), 'zone_id') }} as zones
inner join {{ ref('stg_demandes_attribution') }} as demandes on zones.zone_id = demandes.zone_id
