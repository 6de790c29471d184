{{ config(unique_key=['facture_id']) }}

select
    facture_id,
    utilisateur_id,
    date_paiement,
    {{ date_key('date_paiement') }} as date_key,
    coalesce(statut, 'Inconnu') as statut,
    devise,
    {{ amount_of('montant') }} as montant,
    -- An invoice that was refunded brought nothing; a credit note is paid with a negative amount.
    cast(
        case when statut = 'paid' and date_paiement is not null then coalesce(montant, 0) else 0 end
        as numeric(18, 2)
    ) as montant_recu,
    {{ change_stamps() }}
from {{ ref('stg_saas_factures') }}
