{{ config(unique_key=['dossier_id'], indexes=[{'columns': ['date_creation']}]) }}

with dossiers as (

    select
        *,
        case
            when statut is not null then {{ published_word('statut', letter_statuses()) }}
            when est_archive then 'archivé'
            when est_envoye then 'envoyé'
            when est_valide then 'validé'
            else 'Inconnu'
        end as statut_publie,
        {{ published_word('priorite', letter_priorities()) }} as priorite_publiee
    from {{ ref('stg_courrier_dossiers') }}

),

-- A letter that was sent or filed is closed, whatever the step's status says; a date of its end
-- counts where the status says nothing.
etats as (

    select
        *,
        est_envoye or est_archive or coalesce(
            {{ is_closed_status('statut_publie') }}, date_fin is not null
        ) as est_clos
    from dossiers

),

fins as (

    select
        *,
        est_clos and statut_publie <> 'annulé' as est_termine,
        case
            when est_clos then coalesce(date_fin, date_envoi, date_archivage, date_modification)
        end as date_cloture
    from etats

),

messages as (

    select
        dossier_id,
        count(*) as nombre_messages
    from {{ ref('fait_messages_courrier') }}
    group by dossier_id

),

final as (

    select
        fins.dossier_id,
        {{ known_text('utilisateurs.utilisateur_id') }} as utilisateur_id,
        {{ known_text('modeles.modele_id') }} as modele_id,
        {{ known_text('signatures.signature_id') }} as signature_id,
        fins.statut_publie as statut,
        fins.priorite_publiee as priorite,
        fins.source_dossier,
        fins.date_creation,
        {{ date_key('fins.date_creation') }} as date_creation_key,
        fins.date_echeance,
        {{ date_key('fins.date_echeance') }} as date_echeance_key,
        fins.date_cloture,
        {{ date_key('fins.date_cloture') }} as date_cloture_key,
        fins.etape_actuelle,
        fins.est_valide,
        fins.date_validation,
        fins.est_envoye,
        fins.date_envoi,
        fins.est_archive,
        fins.date_archivage,
        cast(fins.est_valide as integer)
        + cast(fins.est_envoye as integer)
        + cast(fins.est_archive as integer) as etapes_faites,
        cast(fins.avancement_pct as numeric(18, 2)) as avancement_pct,
        fins.est_clos,
        fins.est_termine,
        case
            when fins.est_termine then {{ days_from('fins.date_creation', 'fins.date_cloture') }}
        end as duree_jours,
        {{ number_of('messages.nombre_messages') }} as nombre_messages,
        {{ change_stamps() }}
    from fins
    left join {{ ref('dim_utilisateurs_courrier') }} as utilisateurs
        on fins.utilisateur_id = utilisateurs.utilisateur_id
    left join {{ ref('dim_modeles') }} as modeles on fins.modele_id = modeles.modele_id
    left join {{ ref('dim_signatures') }} as signatures
        on fins.signature_id = signatures.signature_id
    left join messages on fins.dossier_id = messages.dossier_id

)

select * from final
