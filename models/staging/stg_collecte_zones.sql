with source as (

    select * from {{ source('sigeti', 'collecte_zones') }}
    where {{ living_rows() }}

),

renamed as (

    select
        collecte_id,
        zone_id
    from source

)

select * from renamed
