select
    c.collecte_id,
    coalesce(p.zone_key, -1) as zone_key,
    coalesce(jd.date_key, -1) as date_debut_key,
    coalesce(jf.date_key, -1) as date_fin_prevue_key,
    coalesce(jc.date_key, -1) as date_cloture_key,
    c.reference,
    c.statut,
    c.statut_cloture,
    c.date_debut,
    c.date_fin_prevue,
    c.date_cloture,
    c.montant_a_recouvrer,
    c.montant_recouvre,
    coalesce(f.montant_facture, 0) as montant_facture,
    coalesce(f.montant_regle_declare, 0) as montant_regle_declare,
    coalesce(f.montant_regle_confirme, 0) as montant_regle_confirme,
    coalesce(f.montant_restant_du, 0) as montant_restant_du,
    greatest(c.montant_a_recouvrer - c.montant_recouvre, 0) as montant_restant,
    round(c.montant_recouvre / nullif(c.montant_a_recouvrer, 0), 4) as taux_recouvrement,
    coalesce(f.nombre_factures, 0) as nombre_factures,
    coalesce(p.nombre_zones, 0) as nombre_zones,
    c.date_fin_prevue - c.date_debut as duree_prevue_jours,
    coalesce(c.statut_cloture = 'cloturee', false) as est_cloturee,
    coalesce(c.statut = 'recouvree', false) as est_complete,
    greatest(c.modifie_le, f.modifie_le) as source_modifie_a
from (
    select
        c.*,
        cast(c.cloturee_le at time zone 'UTC' as date) as date_cloture
    from benchmark.touched_collecte_id
    inner join dwh_staging.stg_collectes as c using (collecte_id)
) as c
left join (
    select
        collecte_id,
        count(*) as nombre_zones,
        case when count(*) > 1 then -2 else max(zone_key) end as zone_key
    from dwh_facts.pont_collectes_zones
    group by collecte_id
) as p using (collecte_id)
left join (
    select
        collecte_id,
        count(*) as nombre_factures,
        sum(f.montant_total) as montant_facture,
        sum(f.montant_regle_declare) as montant_regle_declare,
        sum(f.montant_regle_confirme) as montant_regle_confirme,
        sum(f.montant_restant_du) as montant_restant_du,
        max(f.source_modifie_a) as modifie_le
    from benchmark.touched_collecte_id
    inner join benchmark.fait_factures as f using (collecte_id)
    where f.est_comptee
    group by collecte_id
) as f using (collecte_id)
left join dwh_dimensions.dim_temps as jd on c.date_debut = jd.date_jour
left join dwh_dimensions.dim_temps as jf on c.date_fin_prevue = jf.date_jour
left join dwh_dimensions.dim_temps as jc on c.date_cloture = jc.date_jour
