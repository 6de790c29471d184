-- One row a zone, an enterprise and a tranche in which something is left to pay.
with dues as (
    select
        f.zone_key,
        f.entreprise_id,
        f.montant_restant_du,
        case
            when f.date_solde is not null then 'soldée sans paiement enregistré'
            when f.date_echeance is null then 'sans échéance'
            when f.date_echeance >= %(date_reference)s::date then 'non échue'
            when f.date_echeance >= %(date_reference)s::date - 30 then '1 à 30 jours'
            when f.date_echeance >= %(date_reference)s::date - 60 then '31 à 60'
            when f.date_echeance >= %(date_reference)s::date - 90 then '61 à 90'
            when f.date_echeance >= %(date_reference)s::date - 180 then '91 à 180'
            else 'plus de 180'
        end as tranche
    from {fait_factures} as f
    where f.montant_restant_du > 0
)

select
    d.zone_key as zone_id,
    case d.zone_key
        when -1 then 'Inconnu'
        when -2 then 'Plusieurs zones'
        when -3 then 'Hors zone'
        else nullif(btrim(z.libelle, E' \t\r\n\u00a0'), '')
    end as nom_zone,
    d.entreprise_id,
    nullif(btrim(e.raison_sociale, E' \t\r\n\u00a0'), '') as raison_sociale,
    coalesce(nullif(btrim(secteur.libelle, E' \t\r\n\u00a0'), ''), 'Inconnu') as nom_domaine,
    d.tranche,
    array_position(
        array[
            'non échue', '1 à 30 jours', '31 à 60', '61 à 90', '91 à 180', 'plus de 180',
            'sans échéance', 'soldée sans paiement enregistré'
        ],
        d.tranche
    ) as ordre_tranche,
    count(*) as nombre_factures,
    sum(d.montant_restant_du) as montant_restant_du
from dues as d
left join zones_industrielles as z on z.id = d.zone_key
left join entreprises as e on e.id = d.entreprise_id
left join (
    select distinct on (entreprise_id) entreprise_id, domaine_activite_id
    from entreprise_domaines
    where domaine_activite_id is not null
    order by entreprise_id, id
) as premier on premier.entreprise_id = e.id
left join domaines_activites as secteur
    on secteur.id = coalesce(e.domaine_activite_id, premier.domaine_activite_id)
group by d.zone_key, z.libelle, d.entreprise_id, e.raison_sociale, secteur.libelle, d.tranche
