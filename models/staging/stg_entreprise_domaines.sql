with source as (

    select * from {{ source('sigeti', 'entreprise_domaines') }}
    where {{ living_rows() }}

),

renamed as (

    select
        id as entreprise_domaine_id,
        entreprise_id,
        domaine_activite_id,
        created_at as cree_le
    from source

)

select * from renamed
