{{ config(unique_key=['date_jour']) }}

select
    date_jour,
    {{ date_key('date_jour') }} as date_key,
    coalesce(utilisateurs, 0) as utilisateurs,
    coalesce(sessions, 0) as sessions,
    coalesce(vues, 0) as vues,
    coalesce(paniers, 0) as paniers,
    coalesce(achats, 0) as achats,
    {{ amount_of('chiffre_affaires') }} as chiffre_affaires,
    {{ change_stamps() }}
from {{ ref('stg_boutique_activite') }}
