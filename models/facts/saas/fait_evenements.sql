{{ config(unique_key=['evenement_id'], indexes=[{'columns': ['date_jour']}]) }}

select
    evenement_id,
    date_jour,
    {{ date_key('date_jour') }} as date_key,
    utilisateur_id,
    session_id,
    nom_evenement,
    survenu_le,
    {{ change_stamps() }}
from {{ ref('stg_saas_evenements') }}
