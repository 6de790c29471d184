-- One row a product; its rank is the number of those that sold more, or as much and come before.
with produits as (
    select f.*, p.document ->> 'name' as nom_produit, p.document ->> 'category' as categorie
    from {boutique/fait_produits} as f
    join raw_boutique.products_summary as p on p.document ->> 'product' = f.produit_id
),

places as (
    select a.produit_id, count(*) as rang, sum(b.chiffre_affaires) as cumul
    from produits as a
    join produits as b
        on b.chiffre_affaires > a.chiffre_affaires
        or b.chiffre_affaires = a.chiffre_affaires and b.produit_id <= a.produit_id
    group by a.produit_id
)

select
    p.produit_id, p.nom_produit, p.categorie, p.vues, p.achats, p.chiffre_affaires, p.note,
    round(100.0 * p.achats / nullif(p.vues, 0), 2) as taux_achat_pct,
    rang::integer as rang,
    round(100 * p.chiffre_affaires / nullif(t.total, 0), 2) as part_chiffre_affaires_pct,
    round(100 * cumul / nullif(t.total, 0), 2) as part_cumulee_pct
from produits as p
join places using (produit_id)
cross join (select sum(chiffre_affaires) as total from produits) as t
