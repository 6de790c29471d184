{{ config(unique_key=['premier_jour_mois', 'type_projet']) }}

with mois as (

    select
        {{ month_of('date_jour') }} as premier_jour_mois,
        type_projet,
        count(distinct projet_id) as projets,
        count(distinct conversation_id) as conversations,
        sum(messages) as messages,
        sum(jetons) as jetons
    from {{ ref('fait_messages_saas') }}
    group by 1, 2

),

final as (

    select
        premier_jour_mois,
        type_projet,
        cast(projets as bigint) as projets,
        cast(conversations as bigint) as conversations,
        cast(messages as bigint) as messages,
        cast(jetons as bigint) as jetons,
        {{ safe_divide('messages', 'conversations') }} as messages_par_conversation,
        {{ change_stamps() }}
    from mois

)

select * from final
