select
    id as facture_id,
    entreprise_id,
    collecte_id,
    demande_attribution_id as demande_id,
    {{ clean_text('numero_facture') }} as numero_facture,
    {{ clean_text('statut') }} as statut,
    {{ clean_text('processus_origine') }} as processus_origine,
    {{ money('montant_total') }} as montant_total,
    coalesce(is_deleted, false) or deleted_at is not null as est_supprimee,
    {{ plausible_time('date_creation') }} as emise_le,
    {{ plausible_time('date_echeance') }} as echeance_le,
    -- A day that cannot be does not make a paid invoice unpaid.
    coalesce(
        {{ plausible_time('date_paiement') }},
        case
            when date_paiement is not null and {{ clean_text('statut') }} = 'Payée'
                then {{ plausible_time('updated_at') }}
        end
    ) as payee_le,
    {{ plausible_time('created_at') }} as cree_le,
    {{ plausible_time('updated_at') }} as modifie_le
from {{ source('sigeti', 'factures') }}
where {{ living_rows() }}
