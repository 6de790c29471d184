-- One row a step, a type of request and a zone that requests came to, or wait at.
with passages as (
    select
        true as est_passage,
        h.etape_destination_key as etape_key,
        coalesce(h.type_demande, 'Inconnu') as type_demande,
        h.zone_key,
        h.duree_jours,
        h.est_retour,
        h.est_courante and h.est_en_attente as en_cours
    from {fait_etapes_demandes} as h
    union all
    select
        false,
        case when d.etape_courante between 1 and 12 then 100 + d.etape_courante else -1 end,
        coalesce(d.type_demande::text, 'Inconnu'),
        a.zone_key,
        null,
        false,
        true
    from demandes_attribution as d
    inner join {fait_attributions} as a on a.demande_id = d.id
    where
        d.statut in ('EN_COURS', 'DOCUMENTS_REJETES')
        and not exists (select from historique_demandes as h where h.demande_attribution_id = d.id)
),

parcours as (
    select
        type_demande,
        zone_key,
        sum(duree_jours) as total,
        percentile_cont(0.5) within group (order by duree_jours) as mediane
    from passages
    group by type_demande, zone_key
),

noms (numero, nom, responsable) as (
    values
    (1, 'Création de la demande', 'entreprise'), (2, 'Vérification par le CEPICI', 'CEPICI'),
    (3, 'Vérification par la SOGEDI', 'SOGEDI'), (4, 'Frais de dossier et reçu', 'entreprise'),
    (5, 'Analyse de recevabilité', 'SOGEDI'), (6, 'Attestation de recevabilité', 'SOGEDI'),
    (7, 'Rapport technique', 'SOGEDI'), (8, 'Commission interne', 'commission interne'),
    (9, 'Commission interministérielle', 'commission interministérielle'),
    (10, 'Rédaction de la LAMEV', 'SOGEDI'), (11, 'Signature de la LAMEV', 'SOGEDI'),
    (12, 'Frais de LAMEV', 'entreprise')
)

select
    p.etape_key,
    n.numero as numero_etape,
    coalesce(n.nom, 'Inconnu') as nom_etape,
    coalesce(n.responsable, 'Inconnu') as responsable,
    p.type_demande,
    case p.type_demande
        when 'ZONE_INDUSTRIELLE' then 'En zone industrielle'
        when 'HORS_ZONE_INDUSTRIELLE' then 'Hors zone industrielle'
        else p.type_demande
    end as nom_type_demande,
    p.zone_key as zone_id,
    case p.zone_key
        when -1 then 'Inconnu'
        when -3 then 'Hors zone'
        else nullif(btrim(z.libelle, E' \t\r\n\u00a0'), '')
    end as nom_zone,
    count(*) filter (where p.est_passage) as nombre_passages,
    count(*) filter (where p.est_retour) as nombre_retours,
    round(
        100.0 * count(*) filter (where p.est_retour)
        / nullif(count(*) filter (where p.est_passage), 0), 2
    ) as taux_retour_pct,
    count(*) filter (where p.en_cours) as demandes_en_cours,
    coalesce(sum(p.duree_jours), 0) as duree_totale_jours,
    count(p.duree_jours) as nombre_durees,
    round(avg(p.duree_jours), 2) as duree_moyenne_jours,
    round(
        (percentile_cont(0.5) within group (order by p.duree_jours))::numeric, 2
    ) as duree_mediane_jours,
    round(
        (percentile_cont(0.9) within group (order by p.duree_jours))::numeric, 2
    ) as duree_p90_jours,
    round(100 * coalesce(sum(p.duree_jours), 0) / nullif(t.total, 0), 2) as part_du_temps_pct,
    coalesce(
        percentile_cont(0.5) within group (order by p.duree_jours) > 2 * t.mediane, false
    ) as est_goulot
from passages as p
inner join parcours as t on t.type_demande = p.type_demande and t.zone_key = p.zone_key
left join noms as n on 100 + n.numero = p.etape_key
left join zones_industrielles as z on z.id = p.zone_key
group by
    p.etape_key, n.numero, n.nom, n.responsable, p.type_demande, p.zone_key, z.libelle, t.total,
    t.mediane
