select
    facture_id,
    _changement
from {{ ref('stg_changements_factures') }}

union all

select
    facture_id,
    _changement
from {{ ref('stg_changements_paiements') }}

union all

select
    factures.facture_id,
    changements._changement
from {{ ref('stg_changements_demandes') }} as changements
inner join {{ ref('stg_factures') }} as factures on changements.demande_id = factures.demande_id

union all

select
    factures.facture_id,
    changements._changement
from {{ ref('stg_changements_collecte_zones') }} as changements
inner join {{ ref('stg_factures') }} as factures on changements.collecte_id = factures.collecte_id

union all

select
    factures.facture_id,
    entreprises._changement
from {{ ref('dim_entreprises') }} as entreprises
inner join {{ ref('stg_factures') }} as factures
    on entreprises.entreprise_id = factures.entreprise_id

union all

select
    factures.facture_id,
    zones._changement
from {{ comings_and_goings(ref('dim_zones_industrielles'), 'zone_id') }} as zones
inner join {{ ref('stg_collecte_zones') }} as collecte_zones
    on zones.zone_id = collecte_zones.zone_id
inner join {{ ref('stg_factures') }} as factures
    on collecte_zones.collecte_id = factures.collecte_id

union all

select
    factures.facture_id,
    zones._changement
from {{ comings_and_goings(ref('dim_zones_industrielles'), 'zone_id') }} as zones
inner join {{ ref('stg_demandes_attribution') }} as demandes
    on zones.zone_id = demandes.zone_id
inner join {{ ref('stg_factures') }} as factures on demandes.demande_id = factures.demande_id

union all

-- The parcels that an enterprise holds, or held, decide between the zones of a campaign.
select
    factures.facture_id,
    changes._changement
from {{ ref('dim_lots') }} as changes
inner join {{ ref('dim_lots') }} as versions on changes.lot_id = versions.lot_id
inner join {{ ref('stg_collecte_zones') }} as collecte_zones
    on versions.zone_id = collecte_zones.zone_id
inner join {{ ref('stg_factures') }} as factures
    on
        collecte_zones.collecte_id = factures.collecte_id
        and versions.entreprise_id = factures.entreprise_id
