-- One row an invoice that is not deleted.
select
    f.facture_id,
    f.numero_facture,
    f.entreprise_id,
    nullif(btrim(e.raison_sociale, E' \t\r\n\u00a0'), '') as raison_sociale,
    coalesce(nullif(btrim(secteur.libelle, E' \t\r\n\u00a0'), ''), 'Inconnu') as nom_domaine,
    f.zone_key as zone_id,
    case f.zone_key
        when -1 then 'Inconnu'
        when -2 then 'Plusieurs zones'
        when -3 then 'Hors zone'
        else nullif(btrim(z.libelle, E' \t\r\n\u00a0'), '')
    end as nom_zone,
    f.processus_origine,
    case lower(f.processus_origine)
        when 'collecte_droit' then 'Collecte de droits'
        when 'attribution_lot' then 'Attribution de lot'
        when 'frais de lamev' then 'Frais de LAMEV'
        else f.processus_origine
    end as nom_processus_origine,
    f.date_creation,
    f.date_echeance,
    f.date_solde,
    f.statut,
    f.statut_reglement,
    coalesce(
        f.statut_reglement in ('impayée', 'partielle')
        and f.date_echeance < %(date_reference)s::date,
        false
    ) as est_en_retard,
    case
        when f.montant_restant_du = 0 then null
        when f.date_solde is not null then 'soldée sans paiement enregistré'
        when f.date_echeance is null then 'sans échéance'
        else (array['non échue', '1 à 30 jours', '31 à 60', '61 à 90', '91 à 180', 'plus de 180'])[
            1 + width_bucket(
                %(date_reference)s::date - f.date_echeance, array[1, 31, 61, 91, 181]
            )
        ]
    end as tranche,
    f.montant_total,
    f.montant_regle_declare,
    f.montant_regle_confirme,
    f.montant_restant_du,
    f.nombre_paiements,
    case
        when f.est_comptee
            then round(100 * f.montant_regle_declare / nullif(f.montant_total, 0), 2)
    end as taux_recouvrement_pct,
    case
        when f.est_comptee
            then round(100 * f.montant_regle_confirme / nullif(f.montant_total, 0), 2)
    end as taux_recouvrement_confirme_pct
from {fait_factures} as f
left join zones_industrielles as z on z.id = f.zone_key
left join entreprises as e on e.id = f.entreprise_id
left join (
    select distinct on (entreprise_id) entreprise_id, domaine_activite_id
    from entreprise_domaines
    where domaine_activite_id is not null
    order by entreprise_id, id
) as premier on premier.entreprise_id = e.id
left join domaines_activites as secteur
    on secteur.id = coalesce(e.domaine_activite_id, premier.domaine_activite_id)
