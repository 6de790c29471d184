select
    cle,
    {{ document_day(['date']) }} as date_jour,
    {{ document_count(['users', 'unique_users']) }} as utilisateurs,
    {{ document_count(['sessions', 'unique_sessions']) }} as sessions,
    {{ document_count(['views']) }} as vues,
    {{ document_count(['add_to_carts']) }} as paniers,
    {{ document_count(['transactions']) }} as achats,
    {{ document_amount(['revenue', 'daily_revenue']) }} as chiffre_affaires
from {{ source('boutique', 'daily_metrics') }}
where _supprime_le is null
