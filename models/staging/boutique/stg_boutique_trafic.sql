select
    {{ document_day(['date']) }} as date_jour,
    coalesce({{ json_text('document', ['source']) }}, 'Inconnu') as source_trafic,
    coalesce({{ json_text('document', ['medium']) }}, 'Inconnu') as canal,
    coalesce({{ json_text('document', ['campaign']) }}, 'Inconnu') as campagne,
    {{ document_count(['sessions']) }} as sessions,
    {{ document_count(['users']) }} as utilisateurs,
    {{ document_count(['conversions']) }} as conversions,
    {{ document_amount(['revenue']) }} as chiffre_affaires
from {{ source('boutique', 'traffic_sources') }}
where _supprime_le is null

union all

select
    {{ document_day(['date']) }} as date_jour,
    'Inconnu' as source_trafic,
    'Inconnu' as canal,
    'Inconnu' as campagne,
    {{ document_count(['unique_sessions']) }} as sessions,
    {{ document_count(['unique_users']) }} as utilisateurs,
    {{ document_count(['transactions']) }} as conversions,
    cast(null as numeric(18, 2)) as chiffre_affaires
from {{ source('boutique', 'traffic_daily') }}
where _supprime_le is null
