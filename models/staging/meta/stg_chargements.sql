select
    chargement,
    debut as lu_le
from {{ source('meta', 'chargements') }}
where fin is not null
