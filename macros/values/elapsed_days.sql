{# Days from one moment to another, parts of a day included. #}
{% macro elapsed_days(first, last) -%}
    {{ elapsed_seconds(first, last) }} / 86400
{%- endmacro %}

{# Seconds from one moment to another, parts of a second included. #}
{% macro elapsed_seconds(first, last) -%}
    {{ return(adapter.dispatch('elapsed_seconds', 'sigeti_dwh')(first, last)) }}
{%- endmacro %}

{% macro postgres__elapsed_seconds(first, last) -%}
    extract(epoch from {{ last }} - {{ first }})
{%- endmacro %}
