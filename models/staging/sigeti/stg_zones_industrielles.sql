select
    id as zone_id,
    {{ clean_text('code') }} as code_zone,
    {{ clean_text('libelle') }} as nom_zone,
    {{ clean_text('statut') }} as statut,
    {{ clean_text('description') }} as description,
    {{ clean_text('adresse') }} as adresse,
    superficie,
    {{ area_unit('unite_mesure') }} as unite_mesure,
    {{ area_m2('superficie', area_unit('unite_mesure')) }} as superficie_m2,
    {{ plausible_time('created_at') }} as cree_le,
    {{ plausible_time('updated_at') }} as modifie_le
from {{ source('sigeti', 'zones_industrielles') }}
where {{ living_rows() }}
