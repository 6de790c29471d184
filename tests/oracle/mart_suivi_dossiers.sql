-- One row a process, a zone, a month of opening and a state.
with cas as (
    select
        f.*,
        coalesce(date_trunc('month', f.date_ouverture)::date, date '1900-01-01') as mois
    from {fait_dossiers} as f
)

select
    c.processus,
    (
        select nom from (
            values
            ('implantation', 'Implantation'), ('infraction', 'Infraction'),
            ('infraction_convention', 'Infraction à une convention'),
            ('convention', 'Convention'), ('impense', 'Impense'),
            ('indemnisation', 'Indemnisation'), ('retrait_lot', 'Retrait de lot'),
            ('retrait_convention', 'Retrait de convention'), ('sinistre', 'Sinistre')
        ) as noms (code, nom)
        where code = c.processus
    ) as nom_processus,
    c.zone_key as zone_id,
    case c.zone_key
        when -1 then 'Inconnu'
        when -3 then 'Hors zone'
        else nullif(btrim(z.libelle, E' \t\r\n\u00a0'), '')
    end as nom_zone,
    c.mois as premier_jour_mois,
    extract(year from c.mois)::integer as annee,
    extract(quarter from c.mois)::integer as trimestre,
    extract(month from c.mois)::integer as mois,
    c.mois > %(date_reference)s::date as est_a_venir,
    c.etat,
    count(*) as nombre_dossiers,
    count(*) filter (where c.date_cloture is null and c.date_limite < %(date_reference)s::date)
        as nombre_en_retard,
    coalesce(sum(c.date_cloture - c.date_ouverture) filter (where c.etat = 'clos'), 0)
        as duree_totale_jours,
    count(c.date_cloture - c.date_ouverture) filter (where c.etat = 'clos') as nombre_clos,
    round(avg(c.date_cloture - c.date_ouverture) filter (where c.etat = 'clos'), 2)
        as duree_moyenne_jours,
    coalesce(sum(c.montant), 0) as montant
from cas as c
left join zones_industrielles as z on z.id = c.zone_key
group by c.processus, c.zone_key, z.libelle, c.mois, c.etat
