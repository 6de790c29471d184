{% macro to_day(timestamp) -%}
    {{ return(adapter.dispatch('to_day', 'sigeti_dwh')(timestamp)) }}
{%- endmacro %}

{# Abidjan keeps UTC all year: the session's time zone must not move an event to another day. #}
{% macro postgres__to_day(timestamp) -%}
    cast({{ timestamp }} at time zone 'UTC' as date)
{%- endmacro %}
