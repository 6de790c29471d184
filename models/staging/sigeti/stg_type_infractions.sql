select
    id as type_infraction_id,
    {{ clean_text('name') }} as nom_type,
    {{ clean_text('gravite') }} as gravite,
    {{ plausible_time('created_at') }} as cree_le,
    {{ plausible_time('updated_at') }} as modifie_le
from {{ source('sigeti_optional', 'type_infractions') }}
where {{ living_rows() }}
