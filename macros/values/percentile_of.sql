{# The value below which so large a share of the values lies, between the two next to it. #}
{% macro percentile_of(value, share) -%}
    {{ return(adapter.dispatch('percentile_of', 'sigeti_dwh')(value, share)) }}
{%- endmacro %}

{% macro postgres__percentile_of(value, share) -%}
    percentile_cont({{ share }}) within group (order by {{ value }})
{%- endmacro %}
