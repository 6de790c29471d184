select
    cle as facture_id,
    {{ json_text('document', ['user_id']) }} as utilisateur_id,
    {{ document_amount(['amount']) }} as montant,
    {{ json_text('document', ['currency']) }} as devise,
    {{ json_text('document', ['status']) }} as statut,
    {{ document_day(['paid_at']) }} as date_paiement
from {{ source('saas', 'invoices') }}
where _supprime_le is null
