-- One row a day and a stage, from either form.
select
    (d ->> 'date')::timestamp::date as date_jour,
    to_char((d ->> 'date')::timestamp, 'YYYYMMDD')::integer as date_key,
    etape,
    ordre::integer as ordre,
    coalesce(visiteurs, '0')::bigint as visiteurs
from (
    select document as d, document ->> 'stage' as etape, document ->> 'order' as ordre,
        document ->> 'visitors' as visiteurs
    from raw_boutique.funnel_stages
    where _supprime_le is null
    union all
    select document, etape, ordre::text, document ->> etape
    from raw_boutique.funnel_daily_detailed
    cross join unnest('{view,addtocart,transaction}'::text[]) with ordinality as e (etape, ordre)
    where _supprime_le is null
) as etapes
