{# Days from one moment to another, parts of a day included. #}
{% macro elapsed_days(first, last) -%}
    {{ return(adapter.dispatch('elapsed_days', 'sigeti_dwh')(first, last)) }}
{%- endmacro %}

{% macro default__elapsed_days(first, last) -%}
    {{ dbt.datediff(first, last, 'second') }} / 86400.0
{%- endmacro %}

{% macro postgres__elapsed_days(first, last) -%}
    extract(epoch from {{ last }} - {{ first }}) / 86400
{%- endmacro %}
