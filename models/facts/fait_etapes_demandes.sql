{{ config(
    unique_key=['evenement_id'],
    scope=['demande_id'],
    touched_by={
        'stg_historique_demandes': 'demande_id',
        'fait_attributions': 'demande_id',
        'dim_entreprises': 'entreprise_id',
        'dim_etapes': [
            {'etape_source': 'numero_etape'}, {'etape_destination': 'numero_etape'}
        ]
    },
    indexes=[
        {'columns': ['demande_id']},
        {'columns': ['zone_key', 'type_demande']},
        {'columns': ['_changement']}
    ]
) }}

with evenements as (

    select * from {{ ref('stg_historique_demandes') }}
    where {{ in_scope('demande_id') }}

),

demandes as (

    select * from {{ ref('fait_attributions') }}
    where {{ in_scope('demande_id') }}

),

entreprises as (

    select * from {{ ref('dim_entreprises') }}

),

etapes as (

    select * from {{ ref('dim_etapes') }}
    where processus = 'demande'

),

-- Two events of one moment are in the order in which they were written.
ordonnes as (

    select
        evenements.*,
        demandes.entreprise_id,
        demandes.zone_id,
        demandes.zone_key,
        demandes.type_demande,
        demandes.est_en_attente,
        demandes.source_modifie_a as demande_modifiee_a,
        row_number() over ordre as rang,
        lead(evenements.evenement_id) over ordre is null as est_courante,
        lead(evenements.date_action) over ordre as suivant_le
    from evenements
    inner join demandes on evenements.demande_id = demandes.demande_id
    window ordre as (
        partition by evenements.demande_id
        order by evenements.date_action nulls last, evenements.evenement_id
    )

),

final as (

    select
        -- clés
        ordonnes.evenement_id,
        ordonnes.demande_id,
        ordonnes.entreprise_id,
        ordonnes.zone_id,
        coalesce(entreprises.entreprise_key, {{ unknown_key() }}) as entreprise_key,
        coalesce(entreprises.domaine_key, {{ unknown_key() }}) as domaine_key,
        ordonnes.zone_key,
        coalesce(quittees.etape_key, {{ unknown_key() }}) as etape_source_key,
        coalesce(atteintes.etape_key, {{ unknown_key() }}) as etape_destination_key,
        {{ date_key(to_day('ordonnes.date_action')) }} as date_action_key,

        -- dimensions dégénérées
        ordonnes.type_demande,
        ordonnes.etape_source,
        ordonnes.etape_destination,
        ordonnes.action,
        {{ to_day('ordonnes.date_action') }} as date_action,

        -- mesures
        cast(ordonnes.rang as integer) as rang,
        cast(
            {{ elapsed_days('ordonnes.date_action', 'ordonnes.suivant_le') }} as numeric(18, 2)
        ) as duree_jours,

        -- indicateurs
        coalesce(ordonnes.etape_destination < ordonnes.etape_source, false) as est_retour,
        ordonnes.est_courante,
        ordonnes.est_en_attente,

        -- traçabilité
        greatest(ordonnes.modifie_le, ordonnes.demande_modifiee_a) as source_modifie_a,
        {{ change_stamps() }}
    from ordonnes
    left join entreprises
        on
            ordonnes.entreprise_id = entreprises.entreprise_id
            and {{ valid_at('entreprises', 'ordonnes.date_action') }}
    left join etapes as quittees on ordonnes.etape_source = quittees.numero_etape
    left join etapes as atteintes on ordonnes.etape_destination = atteintes.numero_etape

)

select * from final
{{ in_key_order() }}
