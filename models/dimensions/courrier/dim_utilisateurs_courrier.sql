{{ config(unique_key=['utilisateur_id']) }}

with final as (

    select
        utilisateur_id,
        role_utilisateur,
        est_actif,
        date_creation,
        {{ change_stamps() }}
    from {{ ref('stg_courrier_utilisateurs') }}

    union all

    select
        'Inconnu' as utilisateur_id,
        'Inconnu' as role_utilisateur,
        false as est_actif,
        null as date_creation,
        {{ change_stamps() }}

)

select * from final
