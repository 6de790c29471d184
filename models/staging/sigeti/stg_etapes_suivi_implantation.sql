select
    id as etape_suivi_id,
    suivi_implantation_id as suivi_id,
    {{ clean_text('nom') }} as nom_etape,
    ordre,
    {{ clean_text('statut') }} as statut,
    {{ plausible_time('created_at') }} as cree_le,
    {{ plausible_time('updated_at') }} as modifie_le
from {{ source('sigeti_optional', 'etapes_suivi_implantation') }}
where {{ living_rows() }}
