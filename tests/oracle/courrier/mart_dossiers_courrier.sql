-- One row a month, a status, a priority and a source; late against the day on which it was published.
select
    coalesce(date_trunc('month', date_creation)::date, '1900-01-01') as premier_jour_mois,
    statut,
    priorite,
    source_dossier,
    count(*)::integer as nombre_dossiers,
    count(*) filter (where not est_clos)::integer as nombre_ouverts,
    count(*) filter (where not est_clos and priorite = 'urgente')::integer as nombre_ouverts_urgents,
    count(*) filter (
        where not est_clos and date_echeance < (
            select date_reference from dwh_marts_courrier.fraicheur_courrier
        )
    )::integer as nombre_en_retard,
    count(*) filter (where est_termine)::integer as nombre_termines,
    count(duree_jours)::integer as nombre_duree_connue,
    coalesce(sum(duree_jours), 0)::integer as duree_totale_jours,
    round(avg(duree_jours), 2) as duree_moyenne_jours,
    sum(nombre_messages)::integer as nombre_messages,
    round(avg(nombre_messages), 2) as messages_par_dossier
from {courrier/fait_dossiers_courrier} as f
group by 1, 2, 3, 4
