-- One row a request; its lots are those of the bridge, else its lot_id.
select
    d.id as demande_id,
    nullif(btrim(d.reference, E' \t\r\n\u00a0'), '') as reference,
    d.entreprise_id,
    d.zone_id,
    coalesce(
        d.zone_id, case when d.type_demande::text = 'HORS_ZONE_INDUSTRIELLE' then -3 else -1 end
    ) as zone_key,
    coalesce(l.nombre, 0) as nombre_lots,
    coalesce(l.superficie, 0) as superficie_demandee_m2,
    coalesce(l.sans_superficie, 0) as lots_sans_superficie,
    coalesce(l.prix, 0) as montant_attribution,
    case
        when saisi.montant ~ '^[+-]?\d+(\.\d+)?$' then round(saisi.montant::numeric, 2)
    end as montant_financement,
    case
        when saisi.emplois ~ '^[+-]?\d+(\.\d+)?$' then round(saisi.emplois::numeric)
    end as nombre_emplois,
    case
        when saisi.montant ~ '^[+-]?\d+(\.\d+)?$' then round(saisi.montant::numeric, 2)
    end as montant_investissement,
    case
        when saisi.emplois ~ '^[+-]?\d+(\.\d+)?$' then round(saisi.emplois::numeric)
    end as emplois_total,
    emplois.nationaux as emplois_nationaux,
    emplois.expatries as emplois_expatries,
    emplois.cadres as emplois_cadres,
    d.statut::text as statut,
    d.etape_courante,
    d.type_demande::text as type_demande,
    nullif(btrim(d.priorite, E' \t\r\n\u00a0'), '') as priorite,
    coalesce(d.statut::text = 'VALIDE', false) as est_approuve,
    coalesce(d.statut::text = 'REJETE', false) as est_rejete,
    coalesce(d.statut::text in ('EN_COURS', 'DOCUMENTS_REJETES'), false) as est_en_attente,
    (d.created_at at time zone 'UTC')::date as date_demande,
    case
        when d.statut::text in ('VALIDE', 'REJETE') then (d.updated_at at time zone 'UTC')::date
    end as date_decision,
    case
        when d.statut::text in ('VALIDE', 'REJETE')
            then (d.updated_at at time zone 'UTC')::date - (d.created_at at time zone 'UTC')::date
    end as delai_traitement_jours
from demandes_attribution as d
-- A number or a string, the blanks of French thousands in it.
cross join lateral (
    select
        translate(d.financement ->> 'montantTotal', E' \t\r\n\u00a0\u202f', '') as montant,
        translate(d.emplois ->> 'total', E' \t\r\n\u00a0\u202f', '') as emplois
) as saisi
cross join lateral (
    select
        round(sum(nombre) filter (where chemin = '{nationaux,total}')) as nationaux,
        round(sum(nombre) filter (where chemin = '{expatries,total}')) as expatries,
        round(sum(nombre) filter (where chemin[2] = 'cadres')) as cadres
    from (
        select
            chemin,
            case when texte ~ '^[+-]?\d+(\.\d+)?$' then texte::numeric end as nombre
        from (
            values
            ('{nationaux,total}'::text[]), ('{expatries,total}'),
            ('{nationaux,cadres}'), ('{expatries,cadres}')
        ) as chemins (chemin)
        cross join lateral (
            select translate(d.emplois #>> chemin, E' \t\r\n\u00a0\u202f', '') as texte
        ) as textes
    ) as nombres
) as emplois
left join (
    select
        demande.id,
        count(*) as nombre,
        count(*) filter (where lot.m2 is null) as sans_superficie,
        sum(lot.prix) as prix,
        sum(lot.m2) as superficie
    from demandes_attribution as demande
    left join demande_attribution_lots as pont on pont.demande_attribution_id = demande.id
    inner join (
        select lots.id, lots.prix, surfaces.m2
        from lots
        left join {surfaces_des_lots} as surfaces on surfaces.id = lots.id
    ) as lot on lot.id = coalesce(pont.lot_id, demande.lot_id)
    group by demande.id
) as l on l.id = d.id
