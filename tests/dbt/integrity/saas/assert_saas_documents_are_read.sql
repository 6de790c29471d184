-- What is to be a number is one, or nothing; so too a day. A moment is in UTC: another would be
-- read wrongly.
-- A returned row is a field of a document.
{%- set numbers = {
    'subscriptions': ['monthly_amount'],
    'invoices': ['amount'],
    'messages': ['tokens'],
    'search_queries': ['results', 'duration_ms']
} %}
{%- set times = {
    'users': ['created_at', 'last_login'],
    'subscriptions': ['start_date', 'end_date'],
    'invoices': ['paid_at'],
    'messages': ['created_at'],
    'analytics_events': ['timestamp'],
    'search_queries': ['created_at']
} %}
{%- set number = '^[-+]?[0-9]{1,15}([.][0-9]+)?$' %}
{%- set time = '^(19|20)[0-9]{2}(-[0-9]{2}){2}([T ][0-9:]{8}([.][0-9]+)?(Z|[+]00(:?00)?)?)?$' %}

{% for fields, form in [(numbers, number), (times, time)] %}
    {% set last_form = loop.last %}
    {% for collection, names in fields.items() %}
        select
            '{{ collection }}' as collection,
            documents.cle,
            champs.champ,
            champs.valeur
        from {{ source('saas', collection) }} as documents
        cross join lateral jsonb_each_text(documents.document) as champs (champ, valeur)
        where
            documents._supprime_le is null
            and champs.champ in (
                '{{ names | join("', '") }}'
            )
            and champs.valeur !~ '{{ form }}'
        {{ 'union all' if not (last_form and loop.last) }}
    {% endfor %}
{% endfor %}
