-- One row a zone, and those of requests without one; a lot always has one in the source.
with surfaces as (
    select
        lots.id,
        zone_industrielle_id as zone_id,
        statut::text as statut,
        viabilite,
        prix,
        connues.m2
    from lots
    left join {surfaces_des_lots} as connues on connues.id = lots.id
),

situees as (
    select
        *,
        coalesce(
            zone_id, case when type_demande::text = 'HORS_ZONE_INDUSTRIELLE' then -3 else -1 end
        ) as situation
    from demandes_attribution
)

select
    z.id as zone_id,
    nullif(btrim(z.libelle, E' \t\r\n\u00a0'), '') as nom_zone,
    z.statut as statut_zone,
    case z.statut
        when 'actif' then 'Active'
        when 'inactif' then 'Inactive'
        when 'en_construction' then 'En construction'
        else z.statut
    end as nom_statut_zone,
    coalesce(l.nombre, 0) as nombre_total_lots,
    coalesce(l.disponibles, 0) as lots_disponibles,
    coalesce(l.occupes, 0) as lots_occupes,
    coalesce(attribues.nombre, 0) as lots_attribues,
    coalesce(demandes.nombre, 0) as lots_demandes,
    coalesce(l.sans_superficie, 0) as lots_sans_superficie,
    coalesce(l.m2, 0) as superficie_totale_m2,
    coalesce(l.m2_disponibles, 0) as superficie_disponible_m2,
    coalesce(l.m2_occupes, 0) as superficie_occupee_m2,
    round(100.0 * l.occupes / l.nombre, 2) as taux_occupation_pct,
    round(100 * coalesce(l.m2_occupes, 0) / nullif(l.m2, 0), 2) as taux_occupation_surface_pct,
    coalesce(l.valeur, 0) as valeur_totale_lots,
    coalesce(l.valeur_disponible, 0) as valeur_lots_disponibles,
    coalesce(l.viabilises, 0) as lots_viabilises,
    round(100.0 * l.viabilises / l.nombre, 2) as taux_viabilisation_pct,
    coalesce(d.nombre, 0) as nombre_demandes,
    coalesce(d.approuvees, 0) as demandes_approuvees,
    coalesce(d.rejetees, 0) as demandes_rejetees,
    coalesce(d.en_attente, 0) as demandes_en_attente,
    round(100.0 * d.approuvees / nullif(d.approuvees + d.rejetees, 0), 2) as taux_approbation_pct,
    round(d.delai, 2) as delai_moyen_traitement_jours,
    case when propres.x is null then points.longitude when propres.dedans then propres.x end as longitude,
    case when propres.x is null then points.latitude when propres.dedans then propres.y end as latitude
from (
    select id, libelle, statut::text as statut from zones_industrielles
    union all
    select membre, nom, 'Inconnu'
    from (values (-1, 'Inconnu'), (-3, 'Hors zone')) as absentes (membre, nom)
    where membre in (select situation from situees)
) as z
left join (
    select
        zone_id,
        count(*) as nombre,
        count(*) filter (where statut = 'disponible') as disponibles,
        count(*) filter (where statut = 'occupé') as occupes,
        count(*) filter (where m2 is null) as sans_superficie,
        sum(m2) as m2,
        sum(m2) filter (where statut = 'disponible') as m2_disponibles,
        sum(m2) filter (where statut = 'occupé') as m2_occupes,
        sum(prix) as valeur,
        sum(prix) filter (where statut = 'disponible') as valeur_disponible,
        count(*) filter (where viabilite) as viabilises
    from surfaces
    group by zone_id
) as l on l.zone_id = z.id
left join (
    select zone_industrielle_id as zone_id, count(*) as nombre
    from lots
    where id in (
        select coalesce(pont.lot_id, demande.lot_id)
        from demandes_attribution as demande
        left join demande_attribution_lots as pont on pont.demande_attribution_id = demande.id
        where demande.statut::text = 'VALIDE'
    )
    group by zone_industrielle_id
) as attribues on attribues.zone_id = z.id
left join (
    select zone_industrielle_id as zone_id, count(*) as nombre
    from lots
    where id in (
        select coalesce(pont.lot_id, demande.lot_id)
        from demandes_attribution as demande
        left join demande_attribution_lots as pont on pont.demande_attribution_id = demande.id
        where demande.statut::text in ('EN_COURS', 'DOCUMENTS_REJETES')
    )
    group by zone_industrielle_id
) as demandes on demandes.zone_id = z.id
left join (
    select
        situation as zone_id,
        count(*) as nombre,
        count(*) filter (where statut::text = 'VALIDE') as approuvees,
        count(*) filter (where statut::text = 'REJETE') as rejetees,
        count(*) filter (where statut::text in ('EN_COURS', 'DOCUMENTS_REJETES')) as en_attente,
        avg(date(updated_at at time zone 'UTC') - date(created_at at time zone 'UTC'))
            filter (where statut::text in ('VALIDE', 'REJETE')) as delai
    from situees
    group by situation
) as d on d.zone_id = z.id
left join (
    select
        zone_id,
        round(avg(round(x, 6)), 6) as longitude,
        round(avg(round(y, 6)), 6) as latitude
    from (
        select
            zone_industrielle_id as zone_id,
            (point -> 'coordinates' ->> 0)::numeric as x,
            (point -> 'coordinates' ->> 1)::numeric as y
        from lots
        cross join lateral (
            select case when starts_with(location, '{') then location::jsonb end as point
        ) as situe
    ) as lus
    where x >= -8.7 and x <= -2.4 and y >= 4.1 and y <= 10.8
    group by zone_id
) as points on points.zone_id = z.id
left join (
    select
        zone_id,
        x,
        y,
        x >= -8.7 and x <= -2.4 and y >= 4.1 and y <= 10.8 as dedans
    from (
        select
            zone.id as zone_id,
            round((to_jsonb(zone) -> 'location' -> 'coordinates' ->> 0)::numeric, 6) as x,
            round((to_jsonb(zone) -> 'location' -> 'coordinates' ->> 1)::numeric, 6) as y
        from zones_industrielles as zone
    ) as lues
) as propres on propres.zone_id = z.id
