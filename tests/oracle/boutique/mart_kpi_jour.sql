-- One row a day; the last seven days and all days before are summed by a join, not by a window.
with jours as (
    select * from {boutique/fait_activite_jour} as f
),

semaines as (
    select j.date_jour, sum(p.vues) as vues, sum(p.paniers) as paniers, sum(p.achats) as achats,
        sum(p.chiffre_affaires) as montant
    from jours as j
    join jours as p on p.date_jour between j.date_jour - 6 and j.date_jour
    group by j.date_jour
),

cumuls as (
    select j.date_jour, sum(p.paniers) as paniers, sum(p.achats) as achats,
        sum(p.chiffre_affaires) as montant,
        avg(p.achats * 100.0 / nullif(p.paniers, 0)) as taux_des_jours,
        avg(p.chiffre_affaires / nullif(p.achats, 0)) as panier_des_jours
    from jours as j
    join jours as p on p.date_jour <= j.date_jour
    group by j.date_jour
)

select
    j.date_jour, j.utilisateurs, j.sessions, j.vues, j.paniers, j.achats, j.chiffre_affaires,
    round(100.0 * j.paniers / nullif(j.vues, 0), 2) as taux_vue_panier_pct,
    round(100.0 * j.achats / nullif(j.paniers, 0), 2) as taux_panier_achat_pct,
    round(100.0 * j.achats / nullif(j.vues, 0), 2) as taux_vue_achat_pct,
    round(j.chiffre_affaires / nullif(j.achats, 0), 2) as panier_moyen,
    round(100.0 * s.paniers / nullif(s.vues, 0), 2) as taux_vue_panier_7_jours_pct,
    round(100.0 * s.achats / nullif(s.paniers, 0), 2) as taux_panier_achat_7_jours_pct,
    round(100.0 * s.achats / nullif(s.vues, 0), 2) as taux_vue_achat_7_jours_pct,
    round(s.montant / nullif(s.achats, 0), 2) as panier_moyen_7_jours,
    round(100.0 * c.achats / nullif(c.paniers, 0), 2) as taux_panier_achat_cumule_pct,
    round(c.taux_des_jours, 2) as taux_panier_achat_moyenne_des_jours_pct,
    round(c.montant / nullif(c.achats, 0), 2) as panier_moyen_cumule,
    round(c.panier_des_jours, 2) as panier_moyen_moyenne_des_jours
from jours as j
join semaines as s using (date_jour)
join cumuls as c using (date_jour)
