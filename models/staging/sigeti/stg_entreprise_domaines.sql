select
    id as entreprise_domaine_id,
    entreprise_id,
    domaine_activite_id,
    {{ plausible_time('created_at') }} as cree_le
from {{ source('sigeti', 'entreprise_domaines') }}
where {{ living_rows() }}
