{{ config(unique_key=['conversation_id', 'date_jour']) }}

with jours as (

    select
        conversation_id,
        date_jour,
        count(*) as messages,
        sum(jetons) as jetons
    from {{ ref('stg_saas_messages') }}
    group by conversation_id, date_jour

),

final as (

    select
        jours.conversation_id,
        jours.date_jour,
        {{ date_key('jours.date_jour') }} as date_key,
        conversations.utilisateur_id,
        conversations.projet_id,
        coalesce(projets.type_projet, 'Inconnu') as type_projet,
        cast(jours.messages as bigint) as messages,
        cast(coalesce(jours.jetons, 0) as bigint) as jetons,
        {{ change_stamps() }}
    from jours
    left join {{ ref('stg_saas_conversations') }} as conversations
        on jours.conversation_id = conversations.conversation_id
    left join {{ ref('stg_saas_projets') }} as projets
        on conversations.projet_id = projets.projet_id

)

select * from final
