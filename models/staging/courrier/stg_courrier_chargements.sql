select
    chargement,
    debut as lu_le
from {{ source('courrier', '_chargements') }}
where fin is not null
