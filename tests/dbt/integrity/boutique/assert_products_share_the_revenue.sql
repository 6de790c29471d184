-- The last product of the ranking has the whole revenue behind it.
-- A returned row is a ranking that does not end at 100 %.
select
    rang,
    part_cumulee_pct
from {{ ref('mart_top_produits') }}
where
    rang = (select max(tous.rang) from {{ ref('mart_top_produits') }} as tous)
    and part_cumulee_pct <> 100
