{{ config(unique_key=['dossier_id', 'numero']) }}

select
    dossier_id,
    numero,
    date_jour,
    {{ date_key('date_jour') }} as date_key,
    ecrit_le,
    role_message,
    longueur,
    {{ change_stamps() }}
from {{ ref('stg_courrier_messages') }}
