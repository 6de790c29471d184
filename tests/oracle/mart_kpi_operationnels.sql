-- One row a month, every month between the first and the last event of the three processes.
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

emissions as (
    select
        date_trunc('month', f.date_creation at time zone 'UTC') as mois,
        (f.statut::text in ('Annulée', 'Remboursée', 'Échoué')) is not true as compte,
        f.montant_total,
        p.declare,
        p.confirme,
        date(f.date_creation at time zone 'UTC') as jour_creation,
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
),

collectes_du_mois as (
    select
        date_trunc('month', date_debut::timestamp) as mois,
        count(*) as nombre,
        count(*) filter (where statut_cloture::text = 'cloturee') as cloturees,
        sum(montant_a_recouvrer) as a_recouvrer,
        sum(montant_recouvre) as recouvre
    from collectes
    group by 1
),

surfaces as (
    select
        demande.id as demande_id,
        sum(connues.m2) as m2,
        count(*) filter (where connues.m2 is null) as sans_superficie
    from demandes_attribution as demande
    left join demande_attribution_lots as pont on pont.demande_attribution_id = demande.id
    inner join lots on lots.id = coalesce(pont.lot_id, demande.lot_id)
    left join {surfaces_des_lots} as connues on connues.id = lots.id
    group by demande.id
),

demandes_du_mois as (
    select
        date_trunc('month', d.created_at at time zone 'UTC') as mois,
        count(*) as nombre,
        count(*) filter (where d.statut::text = 'VALIDE') as approuvees,
        count(*) filter (where d.statut::text = 'REJETE') as rejetees,
        count(*) filter (where d.statut::text in ('EN_COURS', 'DOCUMENTS_REJETES')) as en_attente,
        avg(date(d.updated_at at time zone 'UTC') - date(d.created_at at time zone 'UTC'))
            filter (where d.statut::text in ('VALIDE', 'REJETE')) as delai,
        sum(surfaces.m2) as m2,
        sum(surfaces.sans_superficie) as sans_superficie
    from demandes_attribution as d
    left join surfaces on surfaces.demande_id = d.id
    group by 1
),

factures_du_mois as (
    select
        mois,
        count(*) filter (where compte) as emises,
        count(jour_solde) filter (where compte) as soldees,
        sum(montant_total) filter (where compte) as montant,
        count(*) filter (where not compte) as annulees,
        sum(montant_total) filter (where not compte) as montant_annule,
        sum(declare) filter (where compte) as declare,
        sum(confirme) filter (where compte) as confirme,
        avg(jour_solde - jour_creation) filter (where compte) as delai
    from emissions
    group by mois
),

paiements_du_mois as (
    select
        date_trunc('month', p.date_paiement at time zone 'UTC') as mois,
        count(*) as nombre,
        sum(p.montant) as encaisse,
        sum(p.montant) filter (
            where normalize(p.statut, nfd) ~* '^[\s\u00a0]*re\u0301?ussi[\s\u00a0]*$'
        ) as confirme
    from paiement_factures as p
    inner join factures as f on f.id = p.facture_id
    where f.is_deleted is not true and f.deleted_at is null
    group by 1
),

bornes as (
    select min(mois) as premier, max(mois) as dernier
    from (
        select mois from collectes_du_mois
        union all
        select mois from demandes_du_mois
        union all
        select mois from factures_du_mois
        union all
        select mois from paiements_du_mois
    ) as evenements
)

select
    extract(year from m.mois)::integer as annee,
    extract(month from m.mois)::integer as mois,
    coalesce(c.nombre, 0) as nombre_collectes,
    coalesce(c.cloturees, 0) as collectes_cloturees,
    coalesce(c.a_recouvrer, 0) as montant_a_recouvrer,
    coalesce(c.recouvre, 0) as montant_recouvre,
    round(100 * c.recouvre / nullif(c.a_recouvrer, 0), 2) as taux_recouvrement_pct,
    round(100.0 * c.cloturees / c.nombre, 2) as taux_cloture_pct,
    coalesce(d.nombre, 0) as nombre_demandes,
    coalesce(d.approuvees, 0) as demandes_approuvees,
    coalesce(d.rejetees, 0) as demandes_rejetees,
    coalesce(d.en_attente, 0) as demandes_en_attente,
    round(100.0 * d.approuvees / nullif(d.approuvees + d.rejetees, 0), 2) as taux_approbation_pct,
    round(d.delai, 2) as delai_moyen_traitement_jours,
    coalesce(d.m2, 0) as superficie_demandee_m2,
    coalesce(d.sans_superficie, 0) as lots_sans_superficie,
    coalesce(f.emises, 0) as nombre_factures_emises,
    coalesce(f.soldees, 0) as factures_soldees,
    coalesce(f.montant, 0) as montant_facture,
    coalesce(f.annulees, 0) as nombre_factures_annulees,
    coalesce(f.montant_annule, 0) as montant_annule,
    coalesce(f.declare, 0) as montant_regle_declare,
    coalesce(f.confirme, 0) as montant_regle_confirme,
    round(100 * coalesce(f.confirme, 0) / nullif(f.montant, 0), 2)
        as taux_recouvrement_confirme_pct,
    round(f.delai, 2) as delai_paiement_moyen_jours,
    coalesce(p.nombre, 0) as nombre_paiements,
    coalesce(p.encaisse, 0) as montant_encaisse,
    coalesce(p.confirme, 0) as montant_encaisse_confirme,
    extract(quarter from m.mois)::integer as trimestre,
    m.mois::date as premier_jour_mois,
    m.mois::date > %(date_reference)s::date as est_a_venir
from bornes
cross join lateral generate_series(bornes.premier, bornes.dernier, interval '1 month') as m (mois)
left join collectes_du_mois as c on c.mois = m.mois
left join demandes_du_mois as d on d.mois = m.mois
left join factures_du_mois as f on f.mois = m.mois
left join paiements_du_mois as p on p.mois = m.mois
