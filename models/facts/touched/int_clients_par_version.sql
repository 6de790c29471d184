-- What belongs to an enterprise that no longer lives goes to the unknown member: nothing is lost.
select
    versions.entreprise_key,
    versions.entreprise_id,
    coalesce(clients.entreprise_id, {{ unknown_key() }}) as client_id
from {{ ref('dim_entreprises') }} as versions
left join {{ ref('dim_entreprises') }} as clients
    on versions.entreprise_id = clients.entreprise_id and clients.is_current
