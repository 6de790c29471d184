-- What each measure of the mart sums up to, each by the shortest SQL that tells it.
with unites (nom, facteur) as (
    values ('ha', 10000), ('hectare', 10000), ('hectares', 10000), ('m2', 1), ('m²', 1)
),

vivantes as (
    select * from factures where is_deleted is not true and deleted_at is null
),

comptees as (
    select * from vivantes where (statut::text in ('Annulée', 'Remboursée', 'Échoué')) is not true
),

annulees as (
    select * from vivantes where statut::text in ('Annulée', 'Remboursée', 'Échoué')
),

confirmes as (
    select * from paiement_factures
    where translate(upper(statut), E'Éé\u0301 \t\r\n\u00a0', 'EE') = 'REUSSI'
),

souhaits as (
    select demande_attribution_id as demande_id, lot_id from demande_attribution_lots
    union all
    select demande.id, demande.lot_id
    from demandes_attribution as demande
    left join demande_attribution_lots as pont on pont.demande_attribution_id = demande.id
    where pont.id is null
)

select
    (select count(*) from collectes) as nombre_collectes,
    (
        select count(*) from collectes where statut_cloture::text = 'cloturee'
    ) as collectes_cloturees,
    (select sum(montant_a_recouvrer) from collectes) as montant_a_recouvrer,
    (select sum(montant_recouvre) from collectes) as montant_recouvre,
    (select count(*) from demandes_attribution) as nombre_demandes,
    (
        select count(*) from demandes_attribution where statut::text = 'VALIDE'
    ) as demandes_approuvees,
    (
        select count(*) from demandes_attribution where statut::text = 'REJETE'
    ) as demandes_rejetees,
    (
        select count(*) from demandes_attribution
        where statut::text in ('EN_COURS', 'DOCUMENTS_REJETES')
    ) as demandes_en_attente,
    (
        select sum(round((superficie * facteur)::numeric, 2))
        from souhaits
        inner join lots on lots.id = souhaits.lot_id
        inner join unites on unites.nom = lower(btrim(lots.unite_mesure, E' \t\r\n\u00a0'))
        where superficie * facteur between 100 and 1000000
    ) as superficie_demandee_m2,
    (
        select count(*) from souhaits
        where lot_id not in (
            select id from lots
            inner join unites on unites.nom = lower(btrim(lots.unite_mesure, E' \t\r\n\u00a0'))
            where superficie * facteur between 100 and 1000000
        )
    ) as lots_sans_superficie,
    (select count(*) from comptees) as nombre_factures_emises,
    -- Payments are positive: what is settled one day stays so.
    (
        select count(*)
        from comptees
        left join (
            select facture_id, sum(montant) as montant from paiement_factures group by facture_id
        ) as regles on regles.facture_id = comptees.id
        where montant_total <= 0 or montant >= montant_total or date_paiement is not null
    ) as factures_soldees,
    (select sum(montant_total) from comptees) as montant_facture,
    (select count(*) from annulees) as nombre_factures_annulees,
    (select sum(montant_total) from annulees) as montant_annule,
    (
        select sum(montant) from paiement_factures where facture_id in (select id from comptees)
    ) as montant_regle_declare,
    (
        select sum(montant) from confirmes where facture_id in (select id from comptees)
    ) as montant_regle_confirme,
    (
        select count(*) from paiement_factures where facture_id in (select id from vivantes)
    ) as nombre_paiements,
    (
        select sum(montant) from paiement_factures where facture_id in (select id from vivantes)
    ) as montant_encaisse,
    (
        select sum(montant) from confirmes where facture_id in (select id from vivantes)
    ) as montant_encaisse_confirme
