-- What each measure of the mart sums up to, each by the shortest SQL that tells it.
with comptees as (
    select factures.*, coalesce(regles.montant, 0) as regle, regles.confirme
    from factures
    left join (
        select
            facture_id,
            sum(montant) as montant,
            sum(montant) filter (
                where translate(upper(statut), E'Éé\u0301 \t\r\n\u00a0', 'EE') = 'REUSSI'
            ) as confirme
        from paiement_factures
        group by facture_id
    ) as regles on regles.facture_id = factures.id
    where is_deleted is not true and deleted_at is null
        and (statut::text in ('Annulée', 'Remboursée', 'Échoué')) is not true
),

annulees as (
    select montant_total
    from factures
    where is_deleted is not true and deleted_at is null
        and statut::text in ('Annulée', 'Remboursée', 'Échoué')
),

-- Payments are positive: what is settled one day stays so.
en_retard as (
    select montant_total - regle as reste
    from comptees
    where montant_total > 0 and regle < montant_total and date_paiement is null
        and date_echeance < %(date_reference)s::date::timestamp at time zone 'UTC'
),

ouvertes as (
    select *, montant_total - regle as reste
    from comptees
    where montant_total > 0 and regle < montant_total and date_paiement is null
)

select
    (select count(*) from comptees) as nombre_factures,
    (select sum(montant_total) from comptees) as montant_facture,
    (select count(*) from annulees) as nombre_factures_annulees,
    (select sum(montant_total) from annulees) as montant_annule,
    (select sum(regle) from comptees) as montant_regle_declare,
    (select sum(confirme) from comptees) as montant_regle_confirme,
    (
        select sum(montant_total - regle) from comptees where regle < montant_total
    ) as montant_restant_du,
    (
        select count(*) from comptees
        where montant_total <= 0 or regle >= montant_total or date_paiement is not null
    ) as nombre_factures_soldees,
    (select count(*) from en_retard) as nombre_factures_en_retard,
    (select sum(reste) from en_retard) as montant_en_retard,
    (
        select sum(reste) from ouvertes
        where date_echeance >= %(date_reference)s::date::timestamp at time zone 'UTC'
    ) as montant_non_echu,
    (select sum(reste) from ouvertes where date_echeance is null) as montant_sans_echeance,
    (
        select sum(montant_total - regle) from comptees
        where regle < montant_total and date_paiement is not null
    ) as montant_solde_sans_paiement
