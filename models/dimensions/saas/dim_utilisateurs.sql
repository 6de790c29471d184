{{ config(unique_key=['utilisateur_key'], indexes=[{'columns': ['utilisateur_id']}]) }}

-- The source knows the present status alone: a version begins when it was observed.
with versions as (

    select
        *,
        row_number() over (
            partition by utilisateur_id order by dbt_valid_to nulls last, dbt_valid_from
        ) as numero_version
    from {{ ref('snap_utilisateurs') }}

),

final as (

    select
        versions.utilisateur_id || '-' || versions.numero_version as utilisateur_key,
        versions.utilisateur_id,
        cast(versions.numero_version as integer) as numero_version,
        versions.date_inscription,
        {{ date_key('versions.date_inscription') }} as date_inscription_key,
        connus.derniere_connexion,
        versions.statut_abonnement,
        versions.est_supprime,
        case
            when versions.numero_version = 1 then {{ beginning_of_time() }}
            else versions.dbt_valid_from
        end as valid_from,
        versions.dbt_valid_to as valid_to,
        versions.dbt_valid_to is null as is_current,
        {{ change_stamps() }}
    from versions
    left join {{ ref('stg_saas_utilisateurs') }} as connus
        on versions.utilisateur_id = connus.utilisateur_id

)

select * from final
