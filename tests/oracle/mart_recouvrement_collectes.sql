-- One row a campaign.
select
    c.collecte_id,
    c.reference,
    c.zone_key as zone_id,
    case c.zone_key
        when -1 then 'Inconnu'
        when -2 then 'Plusieurs zones'
        else nullif(btrim(z.libelle, E' \t\r\n\u00a0'), '')
    end as nom_zone,
    (
        select
            string_agg(
                nullif(btrim(visee.libelle, E' \t\r\n\u00a0'), ''), ', ' order by visee.id
            )
        from collecte_zones as pont
        inner join zones_industrielles as visee on visee.id = pont.zone_id
        where pont.collecte_id = c.collecte_id
    ) as zones,
    c.nombre_zones,
    c.date_debut,
    c.date_fin_prevue,
    c.date_cloture,
    c.duree_prevue_jours,
    c.date_cloture - c.date_debut as duree_reelle_jours,
    c.statut,
    case c.statut
        when 'recouvree' then 'Recouvrée'
        when 'partiellement_recouvree' then 'Partiellement recouvrée'
        when 'non_recouvree' then 'Non recouvrée'
        when 'reportee' then 'Reportée'
        else c.statut
    end as nom_statut,
    c.est_cloturee,
    c.date_debut > %(date_reference)s::date as est_a_venir,
    c.montant_a_recouvrer,
    c.montant_recouvre,
    c.nombre_factures,
    (
        select count(distinct f.entreprise_id) from factures as f
        where f.collecte_id = c.collecte_id and f.is_deleted is not true and f.deleted_at is null
            and (f.statut::text in ('Annulée', 'Remboursée', 'Échoué')) is not true
    ) as nombre_entreprises,
    (select count(*) from collecte_agents as a where a.collecte_id = c.collecte_id)
        as nombre_agents,
    c.montant_facture,
    c.montant_regle_declare,
    c.montant_regle_confirme,
    c.montant_restant_du,
    round(100 * c.montant_regle_declare / nullif(c.montant_facture, 0), 2)
        as taux_recouvrement_pct,
    round(100 * c.montant_regle_confirme / nullif(c.montant_facture, 0), 2)
        as taux_recouvrement_confirme_pct
from {fait_collectes} as c
left join zones_industrielles as z on z.id = c.zone_key
