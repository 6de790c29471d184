-- What recurs in a month is what did the month before, and the five movements.
-- A returned row is a month where it is not.
with mois as (

    select
        premier_jour_mois,
        mrr,
        mrr_avant,
        nouveau + reactivation + expansion + contraction + churn as mouvements,
        coalesce(lag(mrr) over (order by premier_jour_mois), 0) as mrr_du_mois_avant
    from {{ ref('mart_saas_mois') }}

)

select *
from mois
where
    mrr <> mrr_avant + mouvements
    or mrr_avant <> mrr_du_mois_avant
