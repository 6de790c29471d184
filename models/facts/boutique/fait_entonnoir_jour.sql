{{ config(unique_key=['date_jour', 'etape']) }}

select
    date_jour,
    {{ date_key('date_jour') }} as date_key,
    etape,
    ordre,
    coalesce(visiteurs, 0) as visiteurs,
    {{ change_stamps() }}
from {{ ref('stg_boutique_entonnoir') }}
