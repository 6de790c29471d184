-- One row a month, a zone and a sector of the rows that the mart by enterprise must have.
select
    annee,
    trimestre,
    mois,
    premier_jour_mois,
    zone_id,
    nom_zone,
    nom_domaine,
    sum(nombre_factures) as nombre_factures,
    sum(montant_facture) as montant_facture,
    sum(nombre_factures_annulees) as nombre_factures_annulees,
    sum(montant_annule) as montant_annule,
    sum(montant_regle_declare) as montant_regle_declare,
    sum(montant_regle_confirme) as montant_regle_confirme,
    sum(montant_restant_du) as montant_restant_du,
    sum(nombre_factures_soldees) as nombre_factures_soldees,
    sum(nombre_factures_en_retard) as nombre_factures_en_retard,
    sum(montant_en_retard) as montant_en_retard,
    sum(montant_non_echu) as montant_non_echu,
    sum(montant_sans_echeance) as montant_sans_echeance,
    sum(montant_solde_sans_paiement) as montant_solde_sans_paiement,
    sum(delai_paiement_total_jours) as delai_paiement_total_jours,
    round(sum(delai_paiement_total_jours)::numeric / nullif(sum(nombre_factures_soldees), 0), 2)
        as delai_paiement_moyen_jours,
    round(100 * sum(montant_regle_declare) / nullif(sum(montant_facture), 0), 2)
        as taux_recouvrement_pct,
    round(100 * sum(montant_regle_confirme) / nullif(sum(montant_facture), 0), 2)
        as taux_recouvrement_confirme_pct,
    round(100.0 * sum(nombre_factures_soldees) / nullif(sum(nombre_factures), 0), 2)
        as taux_factures_soldees_pct,
    bool_or(est_a_venir) as est_a_venir
from {mart_performance_financiere} as entreprises
group by annee, trimestre, mois, premier_jour_mois, zone_id, nom_zone, nom_domaine
