-- The marts add amounts up: those of two currencies have no sum.
-- A returned row is a currency, when there is more than one.
with devises as (

    select devise from {{ ref('stg_saas_abonnements') }}
    union
    select devise from {{ ref('stg_saas_factures') }}

)

select devise
from devises
where
    devise is not null
    and (select count(toutes.devise) from devises as toutes) > 1
