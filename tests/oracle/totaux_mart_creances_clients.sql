select
    montant_restant_du,
    montant_en_retard,
    nombre_factures_en_retard
from {totaux_mart_performance_financiere} as totaux
