{% macro to_day(timestamp) -%}
    {{ return(adapter.dispatch('to_day', 'sigeti_dwh')(timestamp)) }}
{%- endmacro %}

{# Abidjan keeps UTC all year: the session's time zone must not move an event to another day. #}
{% macro default__to_day(timestamp) -%}
    {{ finite_day("cast(" ~ timestamp ~ " at time zone 'UTC' as date)") }}
{%- endmacro %}

{# A day that is infinite, or in a year that clients cannot read, becomes the nearest day that they can:
   days are subtracted and counted by month. #}
{% macro finite_day(day) -%}
    case
        when {{ day }} < cast('0001-01-01' as date) then cast('0001-01-01' as date)
        when {{ day }} > cast('9999-12-31' as date) then cast('9999-12-31' as date)
        else {{ day }}
    end
{%- endmacro %}
