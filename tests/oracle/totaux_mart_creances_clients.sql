select
    montant_restant_du,
    montant_en_retard,
    montant_non_echu,
    montant_sans_echeance,
    montant_solde_sans_paiement,
    nombre_factures_en_retard
from {totaux_mart_performance_financiere} as totaux
