{{ config(
    unique_key=['premier_jour_mois', 'zone_id', 'mode_paiement', 'processus_origine'],
    touched_by={
        'fait_paiements': {
            'premier_jour_mois': month_of('date_paiement'),
            'zone_id': 'zone_key',
            'mode_paiement': known_text('mode_paiement'),
            'processus_origine': known_text('processus_origine')
        },
        'dim_zones_industrielles': 'zone_id'
    },
    indexes=[{'columns': ['_changement']}]
) }}

with paiements as (

    select
        paiements.zone_key,
        paiements.montant_paiement,
        paiements.est_confirme,
        {{ month_of('paiements.date_paiement') }} as premier_jour_mois,
        {{ known_text('paiements.mode_paiement') }} as mode_paiement,
        {{ known_text('paiements.processus_origine') }} as processus_origine
    from {{ ref('fait_paiements') }} as paiements
    {%- if is_scoped() %}
    inner join {{ scope_table() }} as touches
        on
            paiements.zone_key = touches.zone_id
            and {{ known_text('paiements.mode_paiement') }} = touches.mode_paiement
            and {{ known_text('paiements.processus_origine') }} = touches.processus_origine
            and {{ in_month('paiements.date_paiement', 'touches.premier_jour_mois') }}
    {%- endif %}

),

zones as (

    select * from {{ ref('dim_zones_industrielles') }}

),

groupes as (

    select
        premier_jour_mois,
        zone_key,
        mode_paiement,
        processus_origine,
        {{ number_of('count(*)') }} as nombre_paiements,
        {{ amount_of('sum(montant_paiement)') }} as montant_declare,
        {{ amount_of('sum(montant_paiement)', where='est_confirme') }} as montant_confirme
    from paiements
    group by premier_jour_mois, zone_key, mode_paiement, processus_origine

),

final as (

    select
        groupes.premier_jour_mois,
        {{ parts_of_month('groupes.premier_jour_mois') }},
        zones.zone_id,
        zones.nom_zone,
        groupes.mode_paiement,
        {{ source_word('mode_paiement', 'groupes.mode_paiement') }} as nom_mode_paiement,
        groupes.processus_origine,
        {{ source_word('processus_origine', 'groupes.processus_origine') }}
            as nom_processus_origine,
        groupes.nombre_paiements,
        groupes.montant_declare,
        groupes.montant_confirme,
        {{ change_stamps() }}
    from groupes
    inner join zones on groupes.zone_key = zones.zone_key

)

select * from final
