-- One row a sector, segment and risk of the rows that the mart of enterprises must have.
select
    secteur_activite,
    segment_client,
    niveau_risque,
    count(nullif(entreprise_id, -1)) as nombre_entreprises,
    sum(nombre_factures) as nombre_factures,
    sum(chiffre_affaires_total) as chiffre_affaires_total,
    sum(montant_regle_declare) as montant_regle_declare,
    sum(montant_regle_confirme) as montant_regle_confirme,
    sum(montant_restant_du) as montant_restant_du,
    sum(nombre_factures_soldees) as nombre_factures_soldees,
    sum(nombre_factures_en_retard) as nombre_factures_en_retard,
    round(100 * sum(montant_regle_declare) / nullif(sum(chiffre_affaires_total), 0), 2)
        as taux_recouvrement_pct,
    round(100 * sum(montant_regle_confirme) / nullif(sum(chiffre_affaires_total), 0), 2)
        as taux_recouvrement_confirme_pct,
    sum(nombre_demandes) as nombre_demandes,
    sum(demandes_approuvees) as demandes_approuvees,
    sum(superficie_attribuee_m2) as superficie_attribuee_m2,
    sum(nombre_lots_attribues) as nombre_lots_attribues,
    sum(lots_sans_superficie) as lots_sans_superficie
from {mart_portefeuille_clients} as entreprises
group by secteur_activite, segment_client, niveau_risque
