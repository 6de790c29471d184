select
    {{ json_text('document', ['scenario']) }} as scenario_id,
    {{ document_day(['date']) }} as date_jour,
    {{ json_text('document', ['variant']) }} as variante,
    {{ document_count(['users']) }} as utilisateurs,
    {{ document_count(['views']) }} as vues,
    {{ document_count(['carts']) }} as paniers,
    {{ document_count(['purchases']) }} as achats,
    {{ document_amount(['revenue']) }} as chiffre_affaires
from {{ source('boutique', 'ab_test_results') }}
where _supprime_le is null
{% for variant in ['control', 'variant'] %}
    union all
    select
        {{ json_text('document', ['scenario_id']) }} as scenario_id,
        {{ document_day(['date']) }} as date_jour,
        '{{ variant }}' as variante,
        {{ document_count([variant ~ '_users']) }} as utilisateurs,
        {{ document_count([variant ~ '_views']) }} as vues,
        {{ document_count([variant ~ '_carts']) }} as paniers,
        {{ document_count([variant ~ '_purchases']) }} as achats,
        {{ document_amount([variant ~ '_revenue']) }} as chiffre_affaires
    from {{ source('boutique', 'ab_test_simulation') }}
    where _supprime_le is null
{% endfor %}
