{{ config(unique_key=['zone_id', 'premier_jour_mois', 'nom_domaine', 'type_demande']) }}

with versions as (

    select * from {{ ref('dim_entreprises') }}

),

entreprises as (

    {{ latest_enterprises() }}

),

zones as (

    select * from {{ ref('dim_zones_industrielles') }}

),

demandes as (

    select
        demandes.*,
        entreprises.nom_domaine,
        {{ month_of('demandes.date_demande') }} as premier_jour_mois,
        {{ known_text('demandes.type_demande') }} as type_connu
    from {{ ref('fait_attributions') }} as demandes
    inner join versions on demandes.entreprise_key = versions.entreprise_key
    inner join entreprises on versions.entreprise_id = entreprises.entreprise_id

),

groupes as (

    select
        premier_jour_mois,
        zone_key,
        nom_domaine,
        type_connu,
        {{ number_of('count(*)') }} as nombre_demandes,
        {{ number_of('count(*)', where='est_approuve') }} as demandes_approuvees,
        {{ number_of('count(*)', where='emplois_total is null') }} as demandes_sans_emplois,
        {{ number_of('count(*)', where='montant_investissement is null') }}
            as demandes_sans_investissement,
        {% for emplois in [
            'emplois_total', 'emplois_nationaux', 'emplois_expatries', 'emplois_cadres'
        ] -%}
            {{ number_of('sum(' ~ emplois ~ ')') }} as {{ emplois }},
            {{ number_of('sum(' ~ emplois ~ ')', where='est_approuve') }}
                as {{ emplois }}_approuves,
        {% endfor -%}
        {{ amount_of('sum(montant_investissement)') }} as montant_investissement,
        {{ amount_of('sum(montant_investissement)', where='est_approuve') }}
            as montant_investissement_approuve,
        cast(
            {{ safe_divide('sum(montant_investissement)', 'sum(emplois_total)') }}
            as numeric(18, 2)
        ) as investissement_par_emploi
    from demandes
    group by premier_jour_mois, zone_key, nom_domaine, type_connu

),

final as (

    select
        groupes.premier_jour_mois,
        {{ parts_of_month('groupes.premier_jour_mois') }},
        zones.zone_id,
        zones.nom_zone,
        groupes.nom_domaine,
        groupes.type_connu as type_demande,
        {{ source_word('type_demande', 'groupes.type_connu') }} as nom_type_demande,
        groupes.nombre_demandes,
        groupes.demandes_approuvees,
        groupes.demandes_sans_emplois,
        groupes.demandes_sans_investissement,
        groupes.emplois_total,
        groupes.emplois_nationaux,
        groupes.emplois_expatries,
        groupes.emplois_cadres,
        groupes.emplois_total_approuves,
        groupes.emplois_nationaux_approuves,
        groupes.emplois_expatries_approuves,
        groupes.emplois_cadres_approuves,
        groupes.montant_investissement,
        groupes.montant_investissement_approuve,
        groupes.investissement_par_emploi,
        {{ change_stamps() }}
    from groupes
    inner join zones on groupes.zone_key = zones.zone_key

)

select * from final
