-- What each measure of the mart sums up to, each by the shortest SQL that tells it.
with unites (nom, facteur) as (
    values ('ha', 10000), ('hectare', 10000), ('hectares', 10000), ('m2', 1), ('m²', 1)
),

comptees as (
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

-- A lot that two enterprises were allocated is one for each of them.
obtenus as (
    select d.entreprise_id, l.lot_id
    from demande_attribution_lots as l
    inner join demandes_attribution as d on d.id = l.demande_attribution_id
    where d.statut::text = 'VALIDE'
    union
    select demande.entreprise_id, demande.lot_id
    from demandes_attribution as demande
    left join demande_attribution_lots as pont on pont.demande_attribution_id = demande.id
    where pont.id is null and demande.lot_id is not null and demande.statut::text = 'VALIDE'
)

select
    (select count(*) from comptees) as nombre_factures,
    (select sum(montant_total) from comptees) as chiffre_affaires_total,
    (select sum(regle) from comptees) as montant_regle_declare,
    (select sum(confirme) from comptees) as montant_regle_confirme,
    (
        select sum(montant_total - regle) from comptees where regle < montant_total
    ) as montant_restant_du,
    -- Payments are positive: what is settled one day stays so.
    (
        select count(*) from comptees
        where montant_total <= 0 or regle >= montant_total or date_paiement is not null
    ) as nombre_factures_soldees,
    (
        select count(*) from comptees
        where montant_total > 0 and regle < montant_total and date_paiement is null
            and date_echeance < %(date_reference)s::date::timestamp at time zone 'UTC'
    ) as nombre_factures_en_retard,
    (select count(*) from demandes_attribution) as nombre_demandes,
    (
        select count(*) from demandes_attribution where statut::text = 'VALIDE'
    ) as demandes_approuvees,
    (
        select sum(round((superficie * facteur)::numeric, 2))
        from obtenus
        inner join lots on lots.id = obtenus.lot_id
        inner join unites on unites.nom = lower(btrim(lots.unite_mesure, E' \t\r\n\u00a0'))
        where superficie * facteur between 100 and 1000000
    ) as superficie_attribuee_m2,
    (
        select count(*) from obtenus
        where lot_id not in (
            select id from lots
            inner join unites on unites.nom = lower(btrim(lots.unite_mesure, E' \t\r\n\u00a0'))
            where superficie * facteur between 100 and 1000000
        )
    ) as lots_sans_superficie,
    (select count(*) from obtenus) as nombre_lots_attribues
