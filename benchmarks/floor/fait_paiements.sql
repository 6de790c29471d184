select
    p.paiement_id,
    p.facture_id,
    p.entreprise_id,
    p.zone_id,
    coalesce(e.entreprise_key, -1) as entreprise_key,
    coalesce(e.domaine_key, -1) as domaine_key,
    p.zone_key,
    coalesce(j.date_key, -1) as date_paiement_key,
    p.statut,
    p.mode_paiement,
    p.processus_origine,
    p.date_paiement,
    p.montant_paiement,
    p.rang_paiement,
    p.cumul_regle,
    greatest(p.montant_total - p.cumul_regle, 0) as reste_apres_paiement,
    p.est_confirme,
    p.source_modifie_a
from (
    select
        p.*,
        f.entreprise_id,
        f.zone_id,
        f.zone_key,
        f.montant_total,
        f.processus_origine,
        cast(p.paye_le at time zone 'UTC' as date) as date_paiement,
        row_number() over ordre as rang_paiement,
        sum(p.montant_paiement) over (
            ordre rows between unbounded preceding and current row
        ) as cumul_regle,
        greatest(p.modifie_le, f.source_modifie_a) as source_modifie_a
    from benchmark.touched_facture_id
    inner join dwh_staging.stg_paiements as p using (facture_id)
    inner join benchmark.fait_factures as f using (facture_id)
    window ordre as (partition by p.facture_id order by p.paye_le, p.paiement_id)
) as p
left join dwh_dimensions.dim_entreprises as e
    on
        p.entreprise_id = e.entreprise_id
        and p.paye_le >= e.valid_from
        and p.paye_le < coalesce(e.valid_to, 'infinity')
left join dwh_dimensions.dim_temps as j on p.date_paiement = j.date_jour
