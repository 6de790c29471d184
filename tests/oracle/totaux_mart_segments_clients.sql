select
    totaux.*,
    (select count(*) from entreprises) as nombre_entreprises
from {totaux_mart_portefeuille_clients} as totaux
