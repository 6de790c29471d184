select
    chargement,
    debut as lu_le
from {{ source('boutique', '_chargements') }}
where fin is not null
