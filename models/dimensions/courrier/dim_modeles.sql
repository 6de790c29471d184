{{ config(unique_key=['modele_id']) }}

with final as (

    select
        modele_id,
        nom_modele,
        categorie,
        utilisations,
        date_creation,
        {{ change_stamps() }}
    from {{ ref('stg_courrier_modeles') }}

    union all

    select
        'Inconnu' as modele_id,
        'Inconnu' as nom_modele,
        'Inconnu' as categorie,
        null as utilisations,
        null as date_creation,
        {{ change_stamps() }}

)

select * from final
