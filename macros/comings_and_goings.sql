{# When a row of a dimension came or went. Its key stays, so that nothing else of it changes a fact. #}
{% macro comings_and_goings(dimension, key) -%}
(
    select
        {{ key }},
        _insertion as _changement
    from {{ dimension }}
    union all
    select
        {{ key }},
        _changement
    from {{ former_rows(dimension) }}
)
{%- endmacro %}
