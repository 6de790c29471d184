select
    chargement,
    debut as lu_le
from {{ source('saas', '_chargements') }}
where fin is not null
