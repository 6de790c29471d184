-- One row a campaign.
select
    c.id as collecte_id,
    case z.nombre when 1 then z.zone_id else case when z.nombre > 1 then -2 else -1 end end
        as zone_key,
    nullif(btrim(c.reference, E' \t\r\n\u00a0'), '') as reference,
    c.montant_a_recouvrer,
    c.montant_recouvre,
    coalesce(f.montant, 0) as montant_facture,
    coalesce(p.montant, 0) as montant_regle_declare,
    coalesce(p.confirme, 0) as montant_regle_confirme,
    greatest(c.montant_a_recouvrer - c.montant_recouvre, 0) as montant_restant,
    round(c.montant_recouvre / nullif(c.montant_a_recouvrer, 0), 4) as taux_recouvrement,
    coalesce(f.nombre, 0) as nombre_factures,
    coalesce(z.nombre, 0) as nombre_zones,
    c.date_fin_prevue - c.date_debut as duree_prevue_jours,
    coalesce(c.statut_cloture::text = 'cloturee', false) as est_cloturee,
    coalesce(c.status::text = 'recouvree', false) as est_complete,
    c.status::text as statut,
    c.date_debut,
    c.date_fin_prevue,
    (c.date_cloture at time zone 'UTC')::date as date_cloture,
    c.statut_cloture::text as statut_cloture,
    coalesce(du.montant, 0) as montant_restant_du
from collectes as c
left join (
    select collecte_id, count(*) as nombre, min(zone_id) as zone_id
    from collecte_zones
    group by collecte_id
) as z on z.collecte_id = c.id
left join (
    select collecte_id, count(*) as nombre, sum(montant_total) as montant
    from factures
    where is_deleted is not true and deleted_at is null
        and (statut::text in ('Annulée', 'Remboursée', 'Échoué')) is not true
    group by collecte_id
) as f on f.collecte_id = c.id
left join (
    select
        factures.collecte_id,
        sum(paiement_factures.montant) as montant,
        sum(paiement_factures.montant) filter (
            where normalize(paiement_factures.statut, nfd) ~* '^[\s\u00a0]*re\u0301?ussi[\s\u00a0]*$'
        ) as confirme
    from factures
    inner join paiement_factures on paiement_factures.facture_id = factures.id
    where is_deleted is not true and deleted_at is null
        and (factures.statut::text in ('Annulée', 'Remboursée', 'Échoué')) is not true
    group by factures.collecte_id
) as p on p.collecte_id = c.id
left join (
    select collecte_id, sum(montant_restant_du) as montant
    from {fait_factures} as dues
    group by collecte_id
) as du on du.collecte_id = c.id
