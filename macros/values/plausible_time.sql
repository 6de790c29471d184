{# A time or day that a clock or a hand got wrong (infinity, year 20250, before Christ) is unknown: null.
   The warning plausible_times names it. 1900 is where validity begins, and where Excel does; the
   nanoseconds of pandas end in 2262. #}
{% macro plausible_time(column) -%}
    case when {{ is_plausible_time(column) }} then {{ column }} end
{%- endmacro %}

{# Of a timestamptz or a date: literals without a type take the column's. #}
{% macro is_plausible_time(column) -%}
    {{ column }} between '1900-01-01 00:00:00+00' and '2199-12-31 23:59:59.999999+00'
{%- endmacro %}
