-- A field that is to hold a number holds one, or nothing: a text there would count as none.
-- A returned row is a field of a document.
{%- set names = [
    'date', 'source', 'medium', 'campaign', 'stage', 'product', 'name', 'category', 'id', 'description',
    'target_metric', 'scenario', 'scenario_id', 'variant'
] %}

{% for collection in [
    'daily_metrics', 'products_summary', 'ab_test_scenarios', 'ab_test_results', 'ab_test_simulation',
    'funnel_stages', 'funnel_daily_detailed', 'traffic_sources', 'traffic_daily'
] %}
    select
        '{{ collection }}' as collection,
        documents.cle,
        champs.champ,
        champs.valeur
    from {{ source('boutique', collection) }} as documents
    {{ fields_of('documents.document') }}
    where
        documents._supprime_le is null
        and champs.champ not in (
            '{{ names | join("', '") }}'
        )
        and not {{ matches(
            replace_all('champs.valeur', white_space() ~ '| ', ''), number_form()
        ) }}
    {{ 'union all' if not loop.last }}
{% endfor %}
