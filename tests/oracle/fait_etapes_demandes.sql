-- One row an event of a request that exists; it lasts until the next one of the same request.
select
    h.id as evenement_id,
    d.id as demande_id,
    d.entreprise_id,
    d.zone_id,
    coalesce(
        d.zone_id, case when d.type_demande::text = 'HORS_ZONE_INDUSTRIELLE' then -3 else -1 end
    ) as zone_key,
    case when h.etape_source between 1 and 12 then 100 + h.etape_source else -1 end
        as etape_source_key,
    case when h.etape_destination between 1 and 12 then 100 + h.etape_destination else -1 end
        as etape_destination_key,
    d.type_demande::text as type_demande,
    h.etape_source,
    h.etape_destination,
    nullif(
        btrim(regexp_replace(
            regexp_replace(normalize(h.action, nfc), '[\u200b-\u200f\u2060-\u2064\ufeff\u00ad]', '', 'g'),
            ' *[\t\n\r\u00a0\u2000-\u200a\u202f][\s\u00a0]*', ' ', 'g'
        )),
        ''
    ) as action,
    (h.date_action at time zone 'UTC')::date as date_action,
    (
        select count(*) from historique_demandes as avant
        where
            avant.demande_attribution_id = d.id
            and (avant.date_action, avant.id) <= (h.date_action, h.id)
    ) as rang,
    round(extract(epoch from suivant.date_action - h.date_action) / 86400, 2) as duree_jours,
    h.etape_destination < h.etape_source as est_retour,
    suivant.id is null as est_courante,
    coalesce(d.statut::text in ('EN_COURS', 'DOCUMENTS_REJETES'), false) as est_en_attente
from historique_demandes as h
inner join demandes_attribution as d on d.id = h.demande_attribution_id
left join lateral (
    select apres.id, apres.date_action
    from historique_demandes as apres
    where
        apres.demande_attribution_id = d.id
        and (apres.date_action, apres.id) > (h.date_action, h.id)
    order by apres.date_action, apres.id
    limit 1
) as suivant on true
