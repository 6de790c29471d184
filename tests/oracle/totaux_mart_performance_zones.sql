select * from {totaux_mart_performance_financiere} as totaux
