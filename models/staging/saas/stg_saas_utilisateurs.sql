select
    cle as utilisateur_id,
    {{ document_day(['created_at']) }} as date_inscription,
    {{ document_time(['last_login']) }} as derniere_connexion,
    coalesce({{ json_text('document', ['subscription_status']) }}, 'Inconnu') as statut_abonnement,
    coalesce(lower({{ json_text('document', ['deleted']) }}) = 'true', false) as est_supprime
from {{ source('saas', 'users') }}
where _supprime_le is null
