{{ config(unique_key=['scenario_id']) }}

select
    scenario_id,
    nom_scenario,
    description,
    metrique_cible,
    cast(taux_de_depart as numeric(18, 6)) as taux_de_depart,
    cast(gain_attendu as numeric(18, 6)) as gain_attendu,
    cout,
    {{ change_stamps() }}
from {{ ref('stg_boutique_scenarios') }}
