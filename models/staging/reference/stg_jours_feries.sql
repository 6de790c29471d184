select
    date_jour,
    {{ clean_text('nom_jour_ferie') }} as nom_jour_ferie
from {{ source('reference', 'jours_feries') }}
