-- One row a month of invoice, a zone and an enterprise with an invoice that is not deleted.
with declarations as (
    select
        facture_id,
        sum(montant) as declare,
        sum(montant) filter (
            where normalize(statut, nfd) ~* '^[\s\u00a0]*re\u0301?ussi[\s\u00a0]*$'
        ) as confirme
    from paiement_factures
    group by facture_id
),

soldes as (
    select factures.id as facture_id, min(cumuls.date_paiement) as moment
    from factures
    inner join (
        select
            facture_id,
            date_paiement,
            sum(montant) over (
                partition by facture_id order by date_paiement, id rows unbounded preceding
            ) as cumul,
            sum(montant) over (partition by facture_id) as total_regle
        from paiement_factures
    ) as cumuls
        on cumuls.facture_id = factures.id
        and cumuls.cumul >= factures.montant_total
        and cumuls.total_regle >= factures.montant_total
    group by factures.id
),

vivantes as (
    select
        date_trunc('month', f.date_creation at time zone 'UTC') as mois,
        z.zone_id,
        f.entreprise_id,
        (f.statut::text in ('Annulée', 'Remboursée', 'Échoué')) is not true as compte,
        f.montant_total,
        coalesce(declarations.declare, 0) as declare,
        coalesce(declarations.confirme, 0) as confirme,
        greatest(f.montant_total - coalesce(declarations.declare, 0), 0) as restant,
        date(f.date_creation at time zone 'UTC') as jour_creation,
        date(f.date_echeance at time zone 'UTC') as jour_echeance,
        case
            when f.montant_total <= 0 then date(f.date_creation at time zone 'UTC')
            when soldes.moment is not null then date(soldes.moment at time zone 'UTC')
            else date(f.date_paiement at time zone 'UTC')
        end as jour_solde
    from factures as f
    left join declarations on declarations.facture_id = f.id
    left join soldes on soldes.facture_id = f.id
    inner join {zones_des_factures} as z on z.facture_id = f.id
    where f.is_deleted is not true and f.deleted_at is null
),

mesures as (
    select
        mois,
        zone_id,
        entreprise_id,
        count(*) filter (where compte) as nombre_factures,
        coalesce(sum(montant_total) filter (where compte), 0) as montant_facture,
        count(*) filter (where not compte) as nombre_factures_annulees,
        coalesce(sum(montant_total) filter (where not compte), 0) as montant_annule,
        coalesce(sum(declare) filter (where compte), 0) as montant_regle_declare,
        coalesce(sum(confirme) filter (where compte), 0) as montant_regle_confirme,
        coalesce(sum(restant) filter (where compte), 0) as montant_restant_du,
        count(jour_solde) filter (where compte) as nombre_factures_soldees,
        count(*) filter (
            where compte and jour_solde is null and jour_echeance < %(date_reference)s::date
        ) as nombre_factures_en_retard,
        coalesce(sum(restant) filter (
            where compte and jour_solde is null and jour_echeance < %(date_reference)s::date
        ), 0) as montant_en_retard,
        coalesce(sum(restant) filter (
            where compte and jour_solde is null and jour_echeance >= %(date_reference)s::date
        ), 0) as montant_non_echu,
        coalesce(sum(restant) filter (
            where compte and jour_solde is null and jour_echeance is null
        ), 0) as montant_sans_echeance,
        coalesce(sum(restant) filter (
            where compte and montant_total > 0 and declare < montant_total
                and jour_solde is not null
        ), 0) as montant_solde_sans_paiement,
        avg(jour_solde - jour_creation) filter (where compte) as delai,
        coalesce(sum(jour_solde - jour_creation) filter (where compte), 0) as delais
    from vivantes
    group by mois, zone_id, entreprise_id
)

select
    extract(year from m.mois)::integer as annee,
    extract(quarter from m.mois)::integer as trimestre,
    extract(month from m.mois)::integer as mois,
    m.zone_id,
    case
        when m.zone_id = -1 then 'Inconnu'
        when m.zone_id = -2 then 'Plusieurs zones'
        when m.zone_id = -3 then 'Hors zone'
        else nullif(btrim(z.libelle, E' \t\r\n\u00a0'), '')
    end as nom_zone,
    m.entreprise_id,
    nullif(btrim(e.raison_sociale, E' \t\r\n\u00a0'), '') as raison_sociale,
    coalesce(nullif(btrim(secteur.libelle, E' \t\r\n\u00a0'), ''), 'Inconnu') as nom_domaine,
    m.nombre_factures,
    m.montant_facture,
    m.nombre_factures_annulees,
    m.montant_annule,
    m.montant_regle_declare,
    m.montant_regle_confirme,
    m.montant_restant_du,
    m.nombre_factures_soldees,
    m.nombre_factures_en_retard,
    m.montant_en_retard,
    m.montant_non_echu,
    m.montant_sans_echeance,
    m.montant_solde_sans_paiement,
    m.delais as delai_paiement_total_jours,
    round(m.delai, 2) as delai_paiement_moyen_jours,
    round(100 * m.montant_regle_declare / nullif(m.montant_facture, 0), 2) as taux_recouvrement_pct,
    round(100 * m.montant_regle_confirme / nullif(m.montant_facture, 0), 2)
        as taux_recouvrement_confirme_pct,
    round(100.0 * m.nombre_factures_soldees / nullif(m.nombre_factures, 0), 2)
        as taux_factures_soldees_pct,
    m.mois::date as premier_jour_mois,
    m.mois::date > %(date_reference)s::date as est_a_venir
from mesures as m
left join zones_industrielles as z on z.id = m.zone_id
left join entreprises as e on e.id = m.entreprise_id
left join (
    select distinct on (entreprise_id) entreprise_id, domaine_activite_id
    from entreprise_domaines
    where domaine_activite_id is not null
    order by entreprise_id, id
) as premier on premier.entreprise_id = e.id
left join domaines_activites as secteur
    on secteur.id = coalesce(e.domaine_activite_id, premier.domaine_activite_id)
