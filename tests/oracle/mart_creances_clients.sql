-- One row a zone and an enterprise with something left to pay.
select
    zone_id,
    nom_zone,
    entreprise_id,
    raison_sociale,
    nom_domaine,
    sum(nombre_factures) as nombre_factures,
    sum(montant_facture) as montant_facture,
    sum(montant_regle_declare) as montant_regle_declare,
    sum(montant_regle_confirme) as montant_regle_confirme,
    sum(montant_restant_du) as montant_restant_du,
    sum(nombre_factures_en_retard) as nombre_factures_en_retard,
    sum(montant_en_retard) as montant_en_retard,
    sum(montant_non_echu) as montant_non_echu,
    sum(montant_sans_echeance) as montant_sans_echeance,
    sum(montant_solde_sans_paiement) as montant_solde_sans_paiement,
    round(100 * sum(montant_regle_declare) / nullif(sum(montant_facture), 0), 2)
        as taux_recouvrement_pct,
    round(100 * sum(montant_regle_confirme) / nullif(sum(montant_facture), 0), 2)
        as taux_recouvrement_confirme_pct
from {mart_performance_financiere} as mois
group by zone_id, nom_zone, entreprise_id, raison_sociale, nom_domaine
having sum(montant_restant_du) > 0
