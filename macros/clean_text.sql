{% macro clean_text(column) -%}
    {{ return(adapter.dispatch('clean_text', 'sigeti_dwh')(column)) }}
{%- endmacro %}

{% macro default__clean_text(column) -%}
    nullif(trim(cast({{ column }} as {{ dbt.type_string() }})), '')
{%- endmacro %}

{# trim() only removes spaces on PostgreSQL; people paste tabs, line ends and no-break spaces. #}
{% macro postgres__clean_text(column) -%}
    nullif(btrim(cast({{ column }} as text), E' \t\r\n\u00A0\u202F'), '')
{%- endmacro %}
