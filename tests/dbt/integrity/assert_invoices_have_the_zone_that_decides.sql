-- A returned row is an invoice without a zone although something decides one, or whose member says
-- another reason than it has.
with zones_de_collecte as (

    select
        collecte_id,
        count(*) as nombre_zones
    from {{ ref('stg_collecte_zones') }}
    group by collecte_id

),

factures as (

    select * from {{ ref('fait_factures') }}
    where zone_id is null and {{ changed_since_tested() }}

)

select
    factures.facture_id,
    factures.zone_key,
    zones_de_collecte.nombre_zones,
    demandes.zone_id,
    demandes.type_demande
from factures
left join zones_de_collecte on factures.collecte_id = zones_de_collecte.collecte_id
left join {{ ref('stg_demandes_attribution') }} as demandes
    on factures.demande_id = demandes.demande_id
where
    zones_de_collecte.nombre_zones = 1
    or demandes.zone_id is not null
    or (factures.zone_key = {{ several_zones_key() }})
    is distinct from (coalesce(zones_de_collecte.nombre_zones, 0) > 1)
    or (
        factures.zone_key = {{ outside_zones_key() }}
        and demandes.type_demande is distinct from 'HORS_ZONE_INDUSTRIELLE'
    )
