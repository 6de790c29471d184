-- One row a month of request, a zone, a sector and a type of request.
with demandes as (
    select
        f.*,
        coalesce(date_trunc('month', f.date_demande)::date, date '1900-01-01') as mois,
        coalesce(f.type_demande, 'Inconnu') as type_connu,
        coalesce(nullif(btrim(secteur.libelle, E' \t\r\n\u00a0'), ''), 'Inconnu') as nom_domaine
    from {fait_attributions} as f
    left join entreprises as e on e.id = f.entreprise_id
    left join (
        select distinct on (entreprise_id) entreprise_id, domaine_activite_id
        from entreprise_domaines
        where domaine_activite_id is not null
        order by entreprise_id, id
    ) as premier on premier.entreprise_id = e.id
    left join domaines_activites as secteur
        on secteur.id = coalesce(e.domaine_activite_id, premier.domaine_activite_id)
)

select
    d.mois as premier_jour_mois,
    extract(year from d.mois)::integer as annee,
    extract(quarter from d.mois)::integer as trimestre,
    extract(month from d.mois)::integer as mois,
    d.mois > %(date_reference)s::date as est_a_venir,
    d.zone_key as zone_id,
    case d.zone_key
        when -1 then 'Inconnu'
        when -3 then 'Hors zone'
        else nullif(btrim(z.libelle, E' \t\r\n\u00a0'), '')
    end as nom_zone,
    d.nom_domaine,
    d.type_connu as type_demande,
    case d.type_connu
        when 'ZONE_INDUSTRIELLE' then 'En zone industrielle'
        when 'HORS_ZONE_INDUSTRIELLE' then 'Hors zone industrielle'
        else d.type_connu
    end as nom_type_demande,
    count(*) as nombre_demandes,
    count(*) filter (where d.statut = 'VALIDE') as demandes_approuvees,
    count(*) - count(d.emplois_total) as demandes_sans_emplois,
    count(*) - count(d.montant_investissement) as demandes_sans_investissement,
    coalesce(sum(d.emplois_total), 0) as emplois_total,
    coalesce(sum(d.emplois_nationaux), 0) as emplois_nationaux,
    coalesce(sum(d.emplois_expatries), 0) as emplois_expatries,
    coalesce(sum(d.emplois_cadres), 0) as emplois_cadres,
    coalesce(sum(d.emplois_total * (d.statut = 'VALIDE')::integer), 0) as emplois_total_approuves,
    coalesce(sum(d.emplois_nationaux * (d.statut = 'VALIDE')::integer), 0)
        as emplois_nationaux_approuves,
    coalesce(sum(d.emplois_expatries * (d.statut = 'VALIDE')::integer), 0)
        as emplois_expatries_approuves,
    coalesce(sum(d.emplois_cadres * (d.statut = 'VALIDE')::integer), 0) as emplois_cadres_approuves,
    coalesce(sum(d.montant_investissement), 0) as montant_investissement,
    coalesce(sum(d.montant_investissement * (d.statut = 'VALIDE')::integer), 0)
        as montant_investissement_approuve,
    round(sum(d.montant_investissement) / nullif(sum(d.emplois_total), 0), 2)
        as investissement_par_emploi
from demandes as d
left join zones_industrielles as z on z.id = d.zone_key
group by d.mois, d.zone_key, z.libelle, d.nom_domaine, d.type_connu
