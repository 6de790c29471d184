{{ config(unique_key=['premier_jour_mois', 'statut', 'priorite', 'source_dossier']) }}

with groupes as (

    select
        {{ month_of('date_creation') }} as premier_jour_mois,
        statut,
        priorite,
        source_dossier,
        {{ number_of('count(*)') }} as nombre_dossiers,
        {{ number_of('count(*)', where='not est_clos') }} as nombre_ouverts,
        {{ number_of(
            'count(*)', where="not est_clos and priorite = 'urgente'"
        ) }} as nombre_ouverts_urgents,
        {{ number_of(
            'count(*)', where='not est_clos and date_echeance < ' ~ reference_date()
        ) }} as nombre_en_retard,
        {{ number_of('count(*)', where='est_termine') }} as nombre_termines,
        {{ number_of('count(duree_jours)') }} as nombre_duree_connue,
        {{ number_of('sum(duree_jours)') }} as duree_totale_jours,
        {{ number_of('sum(nombre_messages)') }} as nombre_messages
    from {{ ref('fait_dossiers_courrier') }}
    group by 1, 2, 3, 4

),

final as (

    select
        premier_jour_mois,
        statut,
        priorite,
        source_dossier,
        nombre_dossiers,
        nombre_ouverts,
        nombre_ouverts_urgents,
        nombre_en_retard,
        nombre_termines,
        nombre_duree_connue,
        duree_totale_jours,
        {{ safe_divide('duree_totale_jours', 'nombre_duree_connue') }} as duree_moyenne_jours,
        nombre_messages,
        {{ safe_divide('nombre_messages', 'nombre_dossiers') }} as messages_par_dossier,
        {{ change_stamps() }}
    from groupes

)

select * from final
