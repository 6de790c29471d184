-- One row an enterprise, and the unknown one when a request has none; invoices always have one.
with soldes as (
    select facture_id, min(date_paiement) as moment
    from (
        select
            p.facture_id,
            p.date_paiement,
            f.montant_total,
            sum(p.montant) over (
                partition by p.facture_id order by p.date_paiement, p.id rows unbounded preceding
            ) as cumul,
            sum(p.montant) over (partition by p.facture_id) as total_regle
        from paiement_factures as p
        inner join factures as f on f.id = p.facture_id
    ) as cumuls
    where cumul >= montant_total and total_regle >= montant_total
    group by facture_id
),

ventes as (
    select
        f.entreprise_id,
        f.montant_total,
        coalesce(p.declare, 0) as declare,
        coalesce(p.confirme, 0) as confirme,
        greatest(f.montant_total - coalesce(p.declare, 0), 0) as restant,
        date(f.date_creation at time zone 'UTC') as jour_creation,
        date(f.date_echeance at time zone 'UTC') as jour_echeance,
        case
            when f.montant_total <= 0 then date(f.date_creation at time zone 'UTC')
            when s.moment is not null then date(s.moment at time zone 'UTC')
            else date(f.date_paiement at time zone 'UTC')
        end as jour_solde
    from factures as f
    left join soldes as s on s.facture_id = f.id
    left join (
        select
            facture_id,
            sum(montant) as declare,
            sum(montant) filter (
                where normalize(statut, nfd) ~* '^[\s\u00a0]*re\u0301?ussi[\s\u00a0]*$'
            ) as confirme
        from paiement_factures
        group by facture_id
    ) as p on p.facture_id = f.id
    where f.is_deleted is not true and f.deleted_at is null
        and (f.statut::text in ('Annulée', 'Remboursée', 'Échoué')) is not true
),

portefeuille as (
    select
        entreprise_id,
        count(*) as nombre,
        sum(montant_total) as chiffre,
        sum(declare) as declare,
        sum(confirme) as confirme,
        sum(restant) as restant,
        count(jour_solde) as soldees,
        count(*) filter (
            where jour_solde is null and jour_echeance < %(date_reference)s::date
        ) as en_retard,
        avg(jour_solde - jour_creation) as delai,
        max(jour_creation) as derniere
    from ventes
    group by entreprise_id
)

select
    e.id as entreprise_id,
    nullif(btrim(e.raison_sociale, E' \t\r\n\u00a0'), '') as raison_sociale,
    nullif(btrim(e.forme_juridique, E' \t\r\n\u00a0'), '') as forme_juridique,
    coalesce(nullif(btrim(secteur.libelle, E' \t\r\n\u00a0'), ''), 'Inconnu') as secteur_activite,
    coalesce(v.nombre, 0) as nombre_factures,
    coalesce(v.chiffre, 0) as chiffre_affaires_total,
    coalesce(v.declare, 0) as montant_regle_declare,
    coalesce(v.confirme, 0) as montant_regle_confirme,
    coalesce(v.restant, 0) as montant_restant_du,
    coalesce(v.soldees, 0) as nombre_factures_soldees,
    coalesce(v.en_retard, 0) as nombre_factures_en_retard,
    round(100 * v.declare / nullif(v.chiffre, 0), 2) as taux_recouvrement_pct,
    round(100 * v.confirme / nullif(v.chiffre, 0), 2) as taux_recouvrement_confirme_pct,
    round(v.delai, 2) as delai_paiement_moyen_jours,
    v.derniere as date_derniere_facture,
    coalesce(d.nombre, 0) as nombre_demandes,
    coalesce(d.approuvees, 0) as demandes_approuvees,
    coalesce(l.m2, 0) as superficie_attribuee_m2,
    coalesce(l.nombre, 0) as nombre_lots_attribues,
    coalesce(l.sans_superficie, 0) as lots_sans_superficie,
    case
        when v.chiffre > 10000000 then 'Grand client'
        when v.chiffre > 1000000 then 'Client moyen'
        else 'Petit client'
    end as segment_client,
    case
        when v.en_retard > 0.30 * v.nombre then 'Risque élevé'
        when v.en_retard > 0.10 * v.nombre then 'Risque moyen'
        else 'Risque faible'
    end as niveau_risque
from (
    select id, raison_sociale, forme_juridique, domaine_activite_id from entreprises
    union all
    select -1, 'Inconnu', 'Inconnu', null
    where exists (select from demandes_attribution where entreprise_id is null)
) as e
left join (
    select entreprise_id, (array_agg(domaine_activite_id order by id))[1] as domaine_activite_id
    from entreprise_domaines
    where domaine_activite_id is not null
    group by entreprise_id
) as premier on premier.entreprise_id = e.id
left join domaines_activites as secteur
    on secteur.id = coalesce(e.domaine_activite_id, premier.domaine_activite_id)
left join portefeuille as v on v.entreprise_id = e.id
left join (
    select
        coalesce(entreprise_id, -1) as entreprise_id,
        count(*) as nombre,
        count(*) filter (where statut::text = 'VALIDE') as approuvees
    from demandes_attribution
    group by coalesce(entreprise_id, -1)
) as d on d.entreprise_id = e.id
left join (
    select
        obtenus.entreprise_id,
        count(*) as nombre,
        count(*) filter (where connues.m2 is null) as sans_superficie,
        sum(connues.m2) as m2
    from (
        select distinct
            coalesce(demande.entreprise_id, -1) as entreprise_id,
            coalesce(pont.lot_id, demande.lot_id) as lot_id
        from demandes_attribution as demande
        left join demande_attribution_lots as pont on pont.demande_attribution_id = demande.id
        where demande.statut::text = 'VALIDE'
    ) as obtenus
    inner join lots on lots.id = obtenus.lot_id
    left join {surfaces_des_lots} as connues on connues.id = lots.id
    group by obtenus.entreprise_id
) as l on l.entreprise_id = e.id
