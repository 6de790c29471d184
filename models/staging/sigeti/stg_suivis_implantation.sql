select
    id as suivi_id,
    demande_attribution_id as demande_id,
    {{ clean_text('statut') }} as statut,
    {{ plausible_time('date_debut_suivi') }} as debute_le,
    {{ plausible_time('date_limite_implantation') }} as limite_le,
    {{ plausible_time('date_implantation_effective') }} as implante_le,
    progression,
    {{ plausible_time('created_at') }} as cree_le,
    {{ plausible_time('updated_at') }} as modifie_le
from {{ source('sigeti_optional', 'suivis_implantation') }}
where {{ living_rows() }}
