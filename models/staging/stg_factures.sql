select
    id as facture_id,
    entreprise_id,
    collecte_id,
    demande_attribution_id as demande_id,
    {{ clean_text('numero_facture') }} as numero_facture,
    {{ clean_text('statut') }} as statut,
    {{ clean_text('processus_origine') }} as processus_origine,
    cast(montant_total as numeric(18, 2)) as montant_total,
    is_deleted or deleted_at is not null as est_supprimee,
    date_creation as emise_le,
    date_echeance as echeance_le,
    date_paiement as payee_le,
    created_at as cree_le,
    updated_at as modifie_le
from {{ source('sigeti', 'factures') }}
where {{ living_rows() }}
