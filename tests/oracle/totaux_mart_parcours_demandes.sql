-- Every event of a request that exists; a duration is that until the next one of its request. Every
-- request that waits is somewhere.
select
    count(*) as nombre_passages,
    count(*) filter (where h.etape_destination < h.etape_source) as nombre_retours,
    (
        select count(*) from demandes_attribution where statut in ('EN_COURS', 'DOCUMENTS_REJETES')
    ) as demandes_en_cours,
    sum(round(extract(epoch from h.suivant - h.date_action) / 86400, 2)) as duree_totale_jours,
    count(h.suivant) as nombre_durees
from (
    select
        historique.etape_source,
        historique.etape_destination,
        historique.date_action,
        lead(historique.date_action) over (
            partition by d.id order by historique.date_action, historique.id
        ) as suivant
    from historique_demandes as historique
    inner join demandes_attribution as d on d.id = historique.demande_attribution_id
) as h
