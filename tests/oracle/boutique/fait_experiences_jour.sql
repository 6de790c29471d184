-- One row an experiment, a day and a variant, from either form.
select
    scenario_id,
    jour::timestamp::date as date_jour,
    to_char(jour::timestamp, 'YYYYMMDD')::integer as date_key,
    variante,
    coalesce(users, '0')::bigint as utilisateurs,
    coalesce(views, '0')::bigint as vues,
    coalesce(carts, '0')::bigint as paniers,
    coalesce(purchases, '0')::bigint as achats,
    coalesce(revenue, '0')::numeric(18, 2) as chiffre_affaires
from (
    select document ->> 'scenario' as scenario_id, document ->> 'date' as jour,
        document ->> 'variant' as variante, r.*
    from raw_boutique.ab_test_results
    cross join jsonb_to_record(document) as r (
        users text, views text, carts text, purchases text, revenue text
    )
    where _supprime_le is null
    union all
    select document ->> 'scenario_id', document ->> 'date', variante,
        document ->> (variante || '_users'), document ->> (variante || '_views'),
        document ->> (variante || '_carts'), document ->> (variante || '_purchases'),
        document ->> (variante || '_revenue')
    from raw_boutique.ab_test_simulation
    cross join unnest('{control,variant}'::text[]) as variante
    where _supprime_le is null
) as resultats
