-- One row a month, from the first with a subscription or a payment to the last that is known.
with abonnements as (
    select * from {saas/fait_abonnements_mois} as f
),

factures as (
    select * from {saas/fait_factures_saas} as f
),

mois as (
    select
        m::date as mois,
        (select coalesce(sum(mrr), 0) from abonnements where premier_jour_mois = m) as mrr,
        (select coalesce(sum(mrr), 0) from abonnements where premier_jour_mois = m - interval '1 month') as avant,
        (select count(*) from abonnements where premier_jour_mois = m and mrr > 0) as actifs,
        (
            select count(*) from abonnements
            where premier_jour_mois = m - interval '1 month' and mrr > 0
        ) as actifs_avant,
        (select count(*) from abonnements where premier_jour_mois = m and mrr = 0) as perdus,
        (
            select coalesce(sum(montant_recu), 0) from factures
            where date_trunc('month', date_paiement) = m
        ) as recus
    from {saas/jours_connus} as j
    cross join generate_series(
        date_trunc('month', least(
            (select min(premier_jour_mois) from abonnements),
            (select min(date_paiement) from factures)
        )::timestamp),
        j.dernier, interval '1 month'
    ) as m
),

mouvements as (
    select
        premier_jour_mois as mois, sum(nouveau) as nouveau, sum(reactivation) as reactivation,
        sum(expansion) as expansion, sum(contraction) as contraction, sum(churn) as churn
    from abonnements
    group by 1
)

select
    mois as premier_jour_mois, mrr, avant as mrr_avant,
    coalesce(nouveau, 0) as nouveau, coalesce(reactivation, 0) as reactivation,
    coalesce(expansion, 0) as expansion, coalesce(contraction, 0) as contraction,
    coalesce(churn, 0) as churn,
    actifs as clients_actifs, actifs_avant as clients_avant, perdus as clients_perdus,
    mrr * 12 as arr,
    round(mrr / nullif(actifs, 0), 2) as arpu,
    round(100.0 * perdus / nullif(actifs_avant, 0), 2) as churn_clients_pct,
    round(-100 * (coalesce(contraction, 0) + coalesce(churn, 0)) / nullif(avant, 0), 2) as churn_revenu_pct,
    round(100 * (mrr - coalesce(nouveau, 0) - coalesce(reactivation, 0)) / nullif(avant, 0), 2) as nrr_pct,
    round(mrr / nullif(actifs, 0) / nullif(perdus::numeric / nullif(actifs_avant, 0), 0), 2) as ltv,
    recus as paiements_recus
from mois
left join mouvements using (mois)
