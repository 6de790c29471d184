select
    id as ligne_id,
    facture_id,
    {{ clean_text('description') }} as description,
    quantite,
    {{ money('prix_unitaire') }} as prix_unitaire,
    {{ money('montant_ligne') }} as montant_ligne,
    {{ plausible_time('created_at') }} as cree_le,
    {{ plausible_time('updated_at') }} as modifie_le
from {{ source('sigeti_optional', 'detail_factures') }}
where {{ living_rows() }}
