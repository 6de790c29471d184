select
    {{ key_bucket('facture_id') }} as paquet,
    _changement
from {{ ref('fait_factures') }}

union all

select
    {{ key_bucket('facture_id') }} as paquet,
    _changement
from {{ former_rows(ref('fait_factures')) }}
