select
    id as paiement_id,
    facture_id,
    {{ clean_text('statut') }} as statut,
    {{ normalise_text('mode_paiement') }} as mode_paiement,
    coalesce({{ normalise_text('statut') }} = 'reussi', false) as est_confirme,
    cast(montant as numeric(18, 2)) as montant_paiement,
    date_paiement as paye_le,
    created_at as cree_le,
    updated_at as modifie_le
from {{ source('sigeti', 'paiement_factures') }}
where {{ living_rows() }}
