-- The area of each parcel for which it is known and plausible.
select id, m2
from (
    select
        id,
        round((superficie * case
            when unite_mesure ~* '^[\s\u00a0]*(ha|hectares?)[\s\u00a0]*$' then 10000
            when unite_mesure ~* '^[\s\u00a0]*m[2²][\s\u00a0]*$' then 1
        end)::numeric, 2) as m2
    from lots
) as saisies
where m2 between 100 and 1000000
