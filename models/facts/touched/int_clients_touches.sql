select
    clients.client_id as entreprise_id,
    factures._changement,
    cast(null as date) as _echeance
from {{ ref('fait_factures') }} as factures
inner join {{ ref('int_clients_par_version') }} as clients
    on factures.entreprise_key = clients.entreprise_key

union all

select
    clients.client_id as entreprise_id,
    anciennes._changement,
    cast(null as date) as _echeance
from {{ former_rows(ref('fait_factures')) }} as anciennes
inner join {{ ref('int_clients_par_version') }} as clients
    on anciennes.entreprise_key = clients.entreprise_key

union all

select
    clients.client_id as entreprise_id,
    demandes._changement,
    cast(null as date) as _echeance
from {{ ref('fait_attributions') }} as demandes
inner join {{ ref('int_clients_par_version') }} as clients
    on demandes.entreprise_key = clients.entreprise_key

union all

select
    clients.client_id as entreprise_id,
    anciennes._changement,
    cast(null as date) as _echeance
from {{ former_rows(ref('fait_attributions')) }} as anciennes
inner join {{ ref('int_clients_par_version') }} as clients
    on anciennes.entreprise_key = clients.entreprise_key

union all

select
    clients.client_id as entreprise_id,
    ponts._changement,
    cast(null as date) as _echeance
from {{ ref('pont_attributions_lots') }} as ponts
inner join {{ ref('fait_attributions') }} as demandes
    on ponts.demande_id = demandes.demande_id
inner join {{ ref('int_clients_par_version') }} as clients
    on demandes.entreprise_key = clients.entreprise_key

union all

select
    clients.client_id as entreprise_id,
    anciens._changement,
    cast(null as date) as _echeance
from {{ former_rows(ref('pont_attributions_lots')) }} as anciens
inner join {{ ref('fait_attributions') }} as demandes
    on anciens.demande_id = demandes.demande_id
inner join {{ ref('int_clients_par_version') }} as clients
    on demandes.entreprise_key = clients.entreprise_key

union all

select
    clients.client_id as entreprise_id,
    lots._changement,
    cast(null as date) as _echeance
from {{ ref('dim_lots') }} as lots
inner join {{ ref('pont_attributions_lots') }} as ponts
    on lots.lot_id = ponts.lot_id
inner join {{ ref('fait_attributions') }} as demandes
    on ponts.demande_id = demandes.demande_id
inner join {{ ref('int_clients_par_version') }} as clients
    on demandes.entreprise_key = clients.entreprise_key

union all

select
    entreprise_id,
    _changement,
    cast(null as date) as _echeance
from {{ ref('dim_entreprises') }}

union all

-- When an enterprise goes or comes back, what is its own changes places with the unknown member.
select
    {{ unknown_key() }} as entreprise_id,
    _changement,
    cast(null as date) as _echeance
from {{ ref('dim_entreprises') }}

union all

select
    clients.client_id as entreprise_id,
    cast(null as bigint) as _changement,
    factures.date_echeance as _echeance
from {{ ref('fait_factures') }} as factures
inner join {{ ref('int_clients_par_version') }} as clients
    on factures.entreprise_key = clients.entreprise_key
where factures.est_comptee and factures.date_solde is null
