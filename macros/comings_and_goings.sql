{# When a row of a dimension came or went. Its key stays, so that nothing else of it changes a fact. #}
{% macro comings_and_goings(dimension, key) -%}
    {{ changes_of(dimension, [key], '_insertion') }}
{%- endmacro %}
