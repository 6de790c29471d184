{% macro days_from(first, last) -%}
    {{ return(adapter.dispatch('days_from', 'sigeti_dwh')(first, last)) }}
{%- endmacro %}

{% macro default__days_from(first, last) -%}
    {{ dbt.datediff(first, last, 'day') }}
{%- endmacro %}

{% macro postgres__days_from(first, last) -%}
    ({{ last }} - {{ first }})
{%- endmacro %}
