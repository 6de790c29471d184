{%- set of_its_case = {
    'processus': 'processus',
    'zone_id': 'zone_key',
    'premier_jour_mois': month_of('date_ouverture'),
    'etat': 'etat'
} -%}
{{ config(
    unique_key=['zone_id', 'processus', 'premier_jour_mois', 'etat'],
    touched_by={
        'fait_dossiers': of_its_case,
        'dim_zones_industrielles': 'zone_id'
    },
    touched_when_due={
        'relation': 'fait_dossiers',
        'day': 'date_limite',
        'condition': "etat = 'ouvert'",
        'touches': of_its_case
    },
    indexes=[{'columns': ['_changement']}]
) }}

with dossiers as (

    select
        dossiers.*,
        {{ month_of('dossiers.date_ouverture') }} as premier_jour_mois
    from {{ ref('fait_dossiers') }} as dossiers
    {%- if is_scoped() %}
    inner join {{ scope_table() }} as touches
        on
            dossiers.processus = touches.processus
            and dossiers.zone_key = touches.zone_id
            and dossiers.etat = touches.etat
            and {{ in_month('dossiers.date_ouverture', 'touches.premier_jour_mois') }}
    {%- endif %}

),

zones as (

    select * from {{ ref('dim_zones_industrielles') }}

),

groupes as (

    select
        processus,
        zone_key,
        premier_jour_mois,
        etat,
        {{ number_of('count(*)') }} as nombre_dossiers,
        {{ number_of(
            'count(*)', where="etat = 'ouvert' and date_limite < " ~ reference_date()
        ) }} as nombre_en_retard,
        {{ amount_of('sum(duree_jours)', where="etat = 'clos'") }} as duree_totale_jours,
        {{ number_of('count(duree_jours)', where="etat = 'clos'") }} as nombre_clos,
        {{ amount_of('sum(montant)') }} as montant
    from dossiers
    group by processus, zone_key, premier_jour_mois, etat

),

final as (

    select
        groupes.processus,
        {{ process_name('groupes.processus') }} as nom_processus,
        zones.zone_id,
        zones.nom_zone,
        groupes.premier_jour_mois,
        {{ parts_of_month('groupes.premier_jour_mois') }},
        groupes.etat,
        groupes.nombre_dossiers,
        groupes.nombre_en_retard,
        groupes.duree_totale_jours,
        groupes.nombre_clos,
        cast(
            {{ safe_divide('groupes.duree_totale_jours', 'groupes.nombre_clos') }}
            as numeric(18, 2)
        ) as duree_moyenne_jours,
        groupes.montant,
        {{ change_stamps() }}
    from groupes
    inner join zones on groupes.zone_key = zones.zone_key

)

select * from final
