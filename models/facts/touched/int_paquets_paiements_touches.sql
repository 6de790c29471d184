select
    {{ key_bucket('paiement_id') }} as paquet,
    _changement
from {{ ref('fait_paiements') }}

union all

select
    {{ key_bucket('paiement_id') }} as paquet,
    _changement
from {{ former_rows(ref('fait_paiements')) }}
