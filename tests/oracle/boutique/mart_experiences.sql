-- One row an experiment: sums of its declared metric; p by the server's own erfc, 2Φ(−|z|) = erfc(|z| / √2).
with jours as (
    select f.*, s.document ->> 'target_metric' as metrique
    from {boutique/fait_experiences_jour} as f
    join raw_boutique.ab_test_scenarios as s on s.document ->> 'id' = f.scenario_id
),

sommes as (
    select
        scenario_id,
        count(distinct date_jour)::integer as nombre_jours,
        sum(case when metrique = 'cart_to_purchase' then paniers else vues end)
            filter (where variante = 'control')::double precision as n1,
        sum(case when metrique = 'view_to_cart' then paniers else achats end)
            filter (where variante = 'control')::double precision as x1,
        sum(case when metrique = 'cart_to_purchase' then paniers else vues end)
            filter (where variante = 'variant')::double precision as n2,
        sum(case when metrique = 'view_to_cart' then paniers else achats end)
            filter (where variante = 'variant')::double precision as x2
    from jours
    group by scenario_id
),

tests as (
    select *, x1 / n1 as p1, x2 / n2 as p2,
        (x2 / n2 - x1 / n1)
        / sqrt((x1 + x2) / (n1 + n2) * (1 - (x1 + x2) / (n1 + n2)) * (1 / n1 + 1 / n2)) as z,
        1.959963985 * sqrt(x1 / n1 * (1 - x1 / n1) / n1 + x2 / n2 * (1 - x2 / n2) / n2) as marge
    from sommes
),

par_jour as (
    select c.scenario_id,
        (v.paniers::float / v.vues - c.paniers::float / c.vues) / sqrt(
            (c.paniers + v.paniers)::float / (c.vues + v.vues)
            * (1 - (c.paniers + v.paniers)::float / (c.vues + v.vues))
            * (1.0 / c.vues + 1.0 / v.vues)
        ) as z
    from jours as c
    join jours as v using (scenario_id, date_jour)
    where c.variante = 'control' and v.variante = 'variant'
)

select
    s.document ->> 'id' as scenario_id,
    s.document ->> 'name' as nom_scenario,
    s.document ->> 'target_metric' as metrique_cible,
    coalesce(nombre_jours, 0) as nombre_jours,
    n1::bigint as essais_temoin,
    x1::bigint as succes_temoin,
    round((100 * p1)::numeric, 4) as taux_temoin_pct,
    n2::bigint as essais_variante,
    x2::bigint as succes_variante,
    round((100 * p2)::numeric, 4) as taux_variante_pct,
    round((100 * (p2 / p1 - 1))::numeric, 2) as gain_relatif_pct,
    round(z::numeric, 6) as z,
    round(erfc(abs(z) / sqrt(2))::numeric, 6) as p_valeur,
    round((100 * (p2 - p1 - marge))::numeric, 4) as difference_basse_pct,
    round((100 * (p2 - p1 + marge))::numeric, 4) as difference_haute_pct,
    coalesce(erfc(abs(z) / sqrt(2)) < 0.05, false) as significatif,
    case
        when erfc(abs(z) / sqrt(2)) < 0.05 then case when z > 0 then 'variante' else 'témoin' end
        else 'indécis'
    end as decision,
    round(1 - (
        select min(erfc(abs(par_jour.z) / sqrt(2))) from par_jour
        where par_jour.scenario_id = tests.scenario_id
    )::numeric, 6) as significativite_auteur
from raw_boutique.ab_test_scenarios as s
left join tests on tests.scenario_id = s.document ->> 'id'
where s._supprime_le is null
