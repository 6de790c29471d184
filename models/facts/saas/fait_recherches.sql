{{ config(unique_key=['recherche_id']) }}

select
    recherche_id,
    date_jour,
    {{ date_key('date_jour') }} as date_key,
    utilisateur_id,
    type_recherche,
    coalesce(nombre_resultats, 0) as nombre_resultats,
    cast(duree_ms as numeric(18, 2)) as duree_ms,
    {{ change_stamps() }}
from {{ ref('stg_saas_recherches') }}
