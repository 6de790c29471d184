select
    {{ month_of('factures.date_creation') }} as premier_jour_mois,
    versions.entreprise_id,
    factures._changement,
    cast(null as date) as _echeance
from {{ ref('fait_factures') }} as factures
inner join {{ ref('dim_entreprises') }} as versions
    on factures.entreprise_key = versions.entreprise_key

union all

select
    {{ month_of('anciennes.date_creation') }} as premier_jour_mois,
    versions.entreprise_id,
    anciennes._changement,
    cast(null as date) as _echeance
from {{ former_rows(ref('fait_factures')) }} as anciennes
inner join {{ ref('dim_entreprises') }} as versions
    on anciennes.entreprise_key = versions.entreprise_key

union all

select
    {{ month_of('factures.date_creation') }} as premier_jour_mois,
    versions.entreprise_id,
    changees._changement,
    cast(null as date) as _echeance
from {{ ref('dim_entreprises') }} as changees
inner join {{ ref('dim_entreprises') }} as versions
    on changees.entreprise_id = versions.entreprise_id
inner join {{ ref('fait_factures') }} as factures
    on versions.entreprise_key = factures.entreprise_key

union all

select
    {{ month_of('factures.date_creation') }} as premier_jour_mois,
    versions.entreprise_id,
    zones._changement,
    cast(null as date) as _echeance
from {{ ref('dim_zones_industrielles') }} as zones
inner join {{ ref('fait_factures') }} as factures
    on zones.zone_key = factures.zone_key
inner join {{ ref('dim_entreprises') }} as versions
    on factures.entreprise_key = versions.entreprise_key

union all

select
    {{ month_of('factures.date_creation') }} as premier_jour_mois,
    versions.entreprise_id,
    cast(null as bigint) as _changement,
    factures.date_echeance as _echeance
from {{ ref('fait_factures') }} as factures
inner join {{ ref('dim_entreprises') }} as versions
    on factures.entreprise_key = versions.entreprise_key
where factures.est_comptee and factures.date_solde is null
