select
    id as paiement_id,
    facture_id,
    {{ clean_text('statut') }} as statut,
    {{ normalise_text('mode_paiement') }} as mode_paiement,
    coalesce({{ normalise_text('statut') }} = 'reussi', false) as est_confirme,
    {{ money('montant') }} as montant_paiement,
    {{ plausible_time('date_paiement') }} as paye_le,
    {{ plausible_time('created_at') }} as cree_le,
    {{ plausible_time('updated_at') }} as modifie_le
from {{ source('sigeti', 'paiement_factures') }}
where {{ living_rows() }}
