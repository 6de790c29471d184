select
    f.facture_id,
    f.entreprise_id,
    f.collecte_id,
    f.demande_id,
    f.zone_id,
    coalesce(e.entreprise_key, -1) as entreprise_key,
    coalesce(e.domaine_key, -1) as domaine_key,
    case when f.zone_id is null then f.zone_absente_key else coalesce(z.zone_key, -1) end
        as zone_key,
    coalesce(jc.date_key, -1) as date_creation_key,
    coalesce(je.date_key, -1) as date_echeance_key,
    coalesce(js.date_key, -1) as date_solde_key,
    f.numero_facture,
    f.statut,
    f.processus_origine,
    case
        when not f.est_comptee then 'annulée'
        when f.date_solde is not null then 'soldée'
        when f.montant_declare > 0 then 'partielle'
        else 'impayée'
    end as statut_reglement,
    f.date_creation,
    f.date_echeance,
    f.date_solde,
    f.montant_total,
    f.montant_declare as montant_regle_declare,
    f.montant_confirme as montant_regle_confirme,
    case
        when f.est_comptee then greatest(f.montant_total - f.montant_declare, 0)
        else 0
    end as montant_restant_du,
    f.nombre_paiements,
    f.date_solde - f.date_creation as delai_paiement_jours,
    f.est_comptee,
    f.source_modifie_a
from (
    select
        f.*,
        coalesce(case when cz.nombre = 1 then cz.zone_id end, tenues.zone_id, d.zone_id) as zone_id,
        case
            when cz.nombre > 1 then -2
            when d.type_demande = 'HORS_ZONE_INDUSTRIELLE' then -3
            else -1
        end as zone_absente_key,
        coalesce(p.nombre_paiements, 0) as nombre_paiements,
        coalesce(p.montant_declare, 0) as montant_declare,
        coalesce(p.montant_confirme, 0) as montant_confirme,
        cast(f.emise_le at time zone 'UTC' as date) as date_creation,
        cast(f.echeance_le at time zone 'UTC' as date) as date_echeance,
        cast(
            case
                when f.montant_total <= 0 then f.emise_le
                when p.montant_declare >= f.montant_total then coalesce(p.solde_le, f.payee_le)
                else f.payee_le
            end at time zone 'UTC' as date
        ) as date_solde,
        coalesce(
            f.statut not in ('Annulée', 'Remboursée', 'Échoué'), true
        ) as est_comptee,
        greatest(f.modifie_le, p.modifie_le, d.modifie_le) as source_modifie_a
    from benchmark.touched_facture_id
    inner join dwh_staging.stg_factures as f using (facture_id)
    left join (
        select
            facture_id,
            count(*) as nombre_paiements,
            sum(montant_paiement) as montant_declare,
            sum(montant_paiement) filter (where est_confirme) as montant_confirme,
            min(paye_le) filter (where cumul >= montant_total) as solde_le,
            max(modifie_le) as modifie_le
        from (
            select
                p.*,
                f.montant_total,
                sum(p.montant_paiement) over (
                    partition by p.facture_id order by p.paye_le, p.paiement_id
                    rows between unbounded preceding and current row
                ) as cumul
            from benchmark.touched_facture_id
            inner join dwh_staging.stg_paiements as p using (facture_id)
            inner join dwh_staging.stg_factures as f using (facture_id)
        ) as cumules
        group by facture_id
    ) as p using (facture_id)
    left join (
        select
            collecte_id,
            count(*) as nombre,
            max(zone_id) as zone_id
        from dwh_staging.stg_collecte_zones
        group by collecte_id
    ) as cz using (collecte_id)
    left join (
        select
            f.facture_id,
            max(l.zone_id) as zone_id
        from benchmark.touched_facture_id
        inner join dwh_staging.stg_factures as f using (facture_id)
        inner join dwh_staging.stg_collecte_zones as z using (collecte_id)
        inner join dwh_dimensions.dim_lots as l
            on l.is_current and l.entreprise_id = f.entreprise_id and l.zone_id = z.zone_id
        group by f.facture_id
        having count(distinct l.zone_id) = 1
    ) as tenues using (facture_id)
    left join dwh_staging.stg_demandes_attribution as d on f.demande_id = d.demande_id
    where not f.est_supprimee
) as f
left join dwh_dimensions.dim_entreprises as e
    on
        f.entreprise_id = e.entreprise_id
        and f.emise_le >= e.valid_from
        and f.emise_le < coalesce(e.valid_to, 'infinity')
left join dwh_dimensions.dim_zones_industrielles as z on f.zone_id = z.zone_id
left join dwh_dimensions.dim_temps as jc on f.date_creation = jc.date_jour
left join dwh_dimensions.dim_temps as je on f.date_echeance = je.date_jour
left join dwh_dimensions.dim_temps as js on f.date_solde = js.date_jour
