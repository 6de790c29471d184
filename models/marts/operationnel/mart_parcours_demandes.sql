{{ config(
    unique_key=['etape_key', 'type_demande', 'zone_id'],
    scope=['type_demande', 'zone_id'],
    touched_by={
        'fait_etapes_demandes': {
            'type_demande': known_text('type_demande'),
            'zone_id': 'zone_key'
        },
        'fait_attributions': {
            'type_demande': known_text('type_demande'),
            'zone_id': 'zone_key'
        },
        'dim_etapes': {'etape_key': 'etape_key'},
        'dim_zones_industrielles': 'zone_id'
    },
    indexes=[{'columns': ['_changement']}]
) }}

with etapes as (

    select * from {{ ref('dim_etapes') }}

),

zones as (

    select * from {{ ref('dim_zones_industrielles') }}

),

evenements as (

    select evenements.*
    from {{ ref('fait_etapes_demandes') }} as evenements
    {%- if is_scoped() %}
    inner join {{ scope_table() }} as touches
        on
            evenements.zone_key = touches.zone_id
            and {{ known_text('evenements.type_demande') }} = touches.type_demande
    {%- endif %}

),

-- A request whose path has not begun waits all the same.
sans_evenement as (

    select demandes.*
    from {{ ref('fait_attributions') }} as demandes
    left join evenements on demandes.demande_id = evenements.demande_id
    {%- if is_scoped() %}
    inner join {{ scope_table() }} as touches
        on
            demandes.zone_key = touches.zone_id
            and {{ known_text('demandes.type_demande') }} = touches.type_demande
    {%- endif %}
    where demandes.est_en_attente and evenements.demande_id is null

),

passages as (

    select
        etape_destination_key as etape_key,
        zone_key,
        true as est_passage,
        duree_jours,
        est_retour,
        est_courante and est_en_attente as est_en_cours,
        {{ known_text('type_demande') }} as type_demande
    from evenements

    union all

    select
        coalesce(etapes.etape_key, {{ unknown_key() }}) as etape_key,
        sans_evenement.zone_key,
        false as est_passage,
        null as duree_jours,
        false as est_retour,
        true as est_en_cours,
        {{ known_text('sans_evenement.type_demande') }} as type_demande
    from sans_evenement
    left join etapes
        on
            etapes.processus = 'demande'
            and sans_evenement.etape_courante = etapes.numero_etape

),

parcours as (

    select
        type_demande,
        zone_key,
        sum(duree_jours) as duree_totale,
        {{ percentile_of('duree_jours', 0.5) }} as duree_mediane
    from passages
    group by type_demande, zone_key

),

groupes as (

    select
        etape_key,
        type_demande,
        zone_key,
        {{ number_of('count(*)', where='est_passage') }} as nombre_passages,
        {{ number_of('count(*)', where='est_retour') }} as nombre_retours,
        {{ number_of('count(*)', where='est_en_cours') }} as demandes_en_cours,
        {{ amount_of('sum(duree_jours)') }} as duree_totale_jours,
        {{ number_of('count(duree_jours)') }} as nombre_durees,
        {{ percentile_of('duree_jours', 0.5) }} as duree_mediane,
        {{ percentile_of('duree_jours', 0.9) }} as duree_p90
    from passages
    group by etape_key, type_demande, zone_key

),

final as (

    select
        etapes.etape_key,
        etapes.numero_etape,
        etapes.nom_etape,
        etapes.responsable,
        groupes.type_demande,
        {{ source_word('type_demande', 'groupes.type_demande') }} as nom_type_demande,
        zones.zone_id,
        zones.nom_zone,
        groupes.nombre_passages,
        groupes.nombre_retours,
        {{ rate_pct('groupes.nombre_retours', 'groupes.nombre_passages') }} as taux_retour_pct,
        groupes.demandes_en_cours,
        groupes.duree_totale_jours,
        groupes.nombre_durees,
        cast(
            {{ safe_divide('groupes.duree_totale_jours', 'groupes.nombre_durees') }}
            as numeric(18, 2)
        ) as duree_moyenne_jours,
        cast(groupes.duree_mediane as numeric(18, 2)) as duree_mediane_jours,
        cast(groupes.duree_p90 as numeric(18, 2)) as duree_p90_jours,
        {{ rate_pct('groupes.duree_totale_jours', 'parcours.duree_totale') }}
            as part_du_temps_pct,
        coalesce(
            groupes.duree_mediane > {{ var('seuil_goulot') }} * parcours.duree_mediane, false
        ) as est_goulot,
        {{ change_stamps() }}
    from groupes
    inner join parcours
        on
            groupes.type_demande = parcours.type_demande
            and groupes.zone_key = parcours.zone_key
    inner join etapes on groupes.etape_key = etapes.etape_key
    inner join zones on groupes.zone_key = zones.zone_key

)

select * from final
