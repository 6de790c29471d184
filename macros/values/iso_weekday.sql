{% macro iso_weekday(day) -%}
    {{ return(adapter.dispatch('iso_weekday', 'sigeti_dwh')(day)) }}
{%- endmacro %}

{% macro postgres__iso_weekday(day) -%}
    cast(extract(isodow from {{ day }}) as integer)
{%- endmacro %}
