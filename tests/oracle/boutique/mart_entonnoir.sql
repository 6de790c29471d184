-- One row a day and a stage, beside the stage that follows it.
with etapes as (
    select * from {boutique/fait_entonnoir_jour} as f
)

select
    a.date_jour, a.etape, a.ordre, a.visiteurs,
    b.visiteurs as vers_suivante,
    round(100.0 * b.visiteurs / nullif(a.visiteurs, 0), 2) as taux_passage_pct,
    a.visiteurs - b.visiteurs as perte
from etapes as a
left join etapes as b
    on b.date_jour = a.date_jour
    and b.ordre = (
        select min(c.ordre) from etapes as c where c.date_jour = a.date_jour and c.ordre > a.ordre
    )
