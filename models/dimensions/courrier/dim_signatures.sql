{{ config(unique_key=['signature_id']) }}

with final as (

    select
        signatures.signature_id,
        {{ known_text('utilisateurs.utilisateur_id') }} as utilisateur_id,
        signatures.type_signature,
        signatures.est_par_defaut,
        signatures.date_creation,
        {{ change_stamps() }}
    from {{ ref('stg_courrier_signatures') }} as signatures
    left join {{ ref('dim_utilisateurs_courrier') }} as utilisateurs
        on signatures.utilisateur_id = utilisateurs.utilisateur_id

    union all

    select
        'Inconnu' as signature_id,
        'Inconnu' as utilisateur_id,
        'Inconnu' as type_signature,
        false as est_par_defaut,
        null as date_creation,
        {{ change_stamps() }}

)

select * from final
