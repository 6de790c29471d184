select
    cle as abonnement_id,
    {{ json_text('document', ['customer_id']) }} as client_id,
    {{ document_day(['start_date']) }} as date_debut,
    {{ document_day(['end_date']) }} as date_fin,
    {{ document_amount(['monthly_amount']) }} as montant_mensuel,
    {{ json_text('document', ['currency']) }} as devise
from {{ source('saas', 'subscriptions') }}
where _supprime_le is null
