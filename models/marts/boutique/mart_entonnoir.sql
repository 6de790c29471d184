{{ config(unique_key=['date_jour', 'etape']) }}

with etapes as (

    select
        *,
        lead(visiteurs) over (
            partition by date_jour order by ordre nulls last, etape
        ) as vers_suivante
    from {{ ref('fait_entonnoir_jour') }}

),

final as (

    select
        date_jour,
        etape,
        ordre,
        visiteurs,
        vers_suivante,
        {{ rate_pct('vers_suivante', 'visiteurs') }} as taux_passage_pct,
        visiteurs - vers_suivante as perte,
        {{ change_stamps() }}
    from etapes

)

select * from final
