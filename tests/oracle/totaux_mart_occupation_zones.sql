-- What each measure of the mart sums up to, each by the shortest SQL that tells it.
with unites (nom, facteur) as (
    values ('ha', 10000), ('hectare', 10000), ('hectares', 10000), ('m2', 1), ('m²', 1)
),

surfaces as (
    select statut::text as statut, round((superficie * facteur)::numeric, 2) as m2
    from lots
    inner join unites on unites.nom = lower(btrim(lots.unite_mesure, E' \t\r\n\u00a0'))
    where superficie * facteur between 100 and 1000000
),

souhaits as (
    select d.statut::text as statut, l.lot_id
    from demande_attribution_lots as l
    inner join demandes_attribution as d on d.id = l.demande_attribution_id
    union all
    select demande.statut::text, demande.lot_id
    from demandes_attribution as demande
    left join demande_attribution_lots as pont on pont.demande_attribution_id = demande.id
    where pont.id is null
)

select
    (select count(*) from lots) as nombre_total_lots,
    (select count(*) from lots where statut::text = 'disponible') as lots_disponibles,
    (select count(*) from lots where statut::text = 'occupé') as lots_occupes,
    (select count(distinct lot_id) from souhaits where statut = 'VALIDE') as lots_attribues,
    (
        select count(distinct lot_id) from souhaits
        where statut in ('EN_COURS', 'DOCUMENTS_REJETES')
    ) as lots_demandes,
    (select count(*) from lots) - (select count(*) from surfaces) as lots_sans_superficie,
    (select sum(m2) from surfaces) as superficie_totale_m2,
    (select sum(m2) from surfaces where statut = 'disponible') as superficie_disponible_m2,
    (select sum(m2) from surfaces where statut = 'occupé') as superficie_occupee_m2,
    (select sum(prix) from lots) as valeur_totale_lots,
    (select sum(prix) from lots where statut::text = 'disponible') as valeur_lots_disponibles,
    (select count(*) from lots where viabilite) as lots_viabilises,
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
    ) as demandes_en_attente
