-- One row an invoice.
select
    cle as facture_id,
    document ->> 'user_id' as utilisateur_id,
    ((document ->> 'paid_at')::timestamptz at time zone 'UTC')::date as date_paiement,
    coalesce(
        to_char((document ->> 'paid_at')::timestamptz at time zone 'UTC', 'YYYYMMDD')::integer, -1
    ) as date_key,
    coalesce(document ->> 'status', 'Inconnu') as statut,
    document ->> 'currency' as devise,
    coalesce(document ->> 'amount', '0')::numeric(18, 2) as montant,
    case
        when document ->> 'status' = 'paid' and document ->> 'paid_at' is not null
            then coalesce(document ->> 'amount', '0')::numeric(18, 2)
        else 0::numeric(18, 2)
    end as montant_recu
from raw_saas.invoices
where _supprime_le is null
