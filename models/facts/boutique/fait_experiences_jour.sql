{{ config(unique_key=['scenario_id', 'date_jour', 'variante']) }}

select
    scenario_id,
    date_jour,
    variante,
    {{ date_key('date_jour') }} as date_key,
    coalesce(utilisateurs, 0) as utilisateurs,
    coalesce(vues, 0) as vues,
    coalesce(paniers, 0) as paniers,
    coalesce(achats, 0) as achats,
    {{ amount_of('chiffre_affaires') }} as chiffre_affaires,
    {{ change_stamps() }}
from {{ ref('stg_boutique_resultats') }}
