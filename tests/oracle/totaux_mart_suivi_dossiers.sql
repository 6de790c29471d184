-- Every case of each process; what is paid and left of compensations, and what is notified of claims.
select
    (select count(*) from suivis_implantation)
    + (select count(*) from workflow_infractions)
    + (select count(*) from workflow_infractions_conventions)
    + (select count(*) from conventions)
    + (select count(*) from impenses)
    + (select count(*) from indemnisations)
    + (select count(*) from retrait_lots)
    + (select count(*) from "retrait_Conventions")
    + (select count(*) from sinistres) as nombre_dossiers,
    (
        select count(*) from {fait_dossiers} as f
        where f.etat = 'ouvert' and f.date_limite < %(date_reference)s::date
    ) as nombre_en_retard,
    coalesce((select sum(montant_notification) from impenses), 0)
    + coalesce((select sum(montant_restant) from indemnisations), 0)
    + coalesce((select sum(montant_verser) from paiements_indemnisation), 0) as montant
