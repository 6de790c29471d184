-- One row a month of payment, a zone, a mode and an origin of the invoice.
with paiements as (
    select
        coalesce(date_trunc('month', p.date_paiement)::date, date '1900-01-01') as mois,
        p.zone_key,
        coalesce(p.mode_paiement, 'Inconnu') as mode_paiement,
        coalesce(p.processus_origine, 'Inconnu') as processus_origine,
        p.montant_paiement,
        p.est_confirme
    from {fait_paiements} as p
)

select
    p.mois as premier_jour_mois,
    extract(year from p.mois)::integer as annee,
    extract(quarter from p.mois)::integer as trimestre,
    extract(month from p.mois)::integer as mois,
    p.mois > %(date_reference)s::date as est_a_venir,
    p.zone_key as zone_id,
    case p.zone_key
        when -1 then 'Inconnu'
        when -2 then 'Plusieurs zones'
        when -3 then 'Hors zone'
        else nullif(btrim(z.libelle, E' \t\r\n\u00a0'), '')
    end as nom_zone,
    p.mode_paiement,
    case p.mode_paiement
        when 'especes' then 'Espèces'
        when 'espece' then 'Espèces'
        when 'cheque' then 'Chèque'
        when 'virement' then 'Virement'
        when 'carte' then 'Carte'
        when 'mobile money' then 'Mobile money'
        when 'autre' then 'Autre'
        else p.mode_paiement
    end as nom_mode_paiement,
    p.processus_origine,
    case lower(p.processus_origine)
        when 'collecte_droit' then 'Collecte de droits'
        when 'attribution_lot' then 'Attribution de lot'
        when 'frais de lamev' then 'Frais de LAMEV'
        else p.processus_origine
    end as nom_processus_origine,
    count(*) as nombre_paiements,
    sum(p.montant_paiement) as montant_declare,
    coalesce(sum(p.montant_paiement) filter (where p.est_confirme), 0) as montant_confirme
from paiements as p
left join zones_industrielles as z on z.id = p.zone_key
group by p.mois, p.zone_key, z.libelle, p.mode_paiement, p.processus_origine
