select
    collecte_id,
    _changement
from {{ ref('stg_changements_collectes') }}

union all

select
    collecte_id,
    _changement
from {{ ref('stg_changements_collecte_zones') }}

union all

select
    collecte_id,
    _changement
from {{ ref('stg_changements_factures') }}

union all

select
    factures.collecte_id,
    changements._changement
from {{ ref('stg_changements_paiements') }} as changements
inner join {{ ref('stg_factures') }} as factures on changements.facture_id = factures.facture_id

union all

select
    factures.collecte_id,
    changements._changement
from {{ ref('stg_changements_demandes') }} as changements
inner join {{ ref('stg_factures') }} as factures on changements.demande_id = factures.demande_id

union all

select
    collecte_zones.collecte_id,
    zones._changement
from {{ comings_and_goings(ref('dim_zones_industrielles'), 'zone_id') }} as zones
inner join {{ ref('stg_collecte_zones') }} as collecte_zones
    on zones.zone_id = collecte_zones.zone_id
