select
    id as paiement_indemnisation_id,
    indemnisation_id,
    {{ money('montant_verser') }} as montant_verse,
    {{ plausible_time('date_paiement') }} as date_paiement,
    {{ plausible_time('created_at') }} as cree_le,
    {{ plausible_time('updated_at') }} as modifie_le
from {{ source('sigeti_optional', 'paiements_indemnisation') }}
where {{ living_rows() }}
