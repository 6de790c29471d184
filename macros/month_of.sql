{# First day of a day's month. #}
{% macro month_of(day) -%}
    cast({{ dbt.date_trunc('month', day) }} as date)
{%- endmacro %}

{# Whether a day is in the month that begins on another, in a form that an index on the day serves. #}
{% macro in_month(day, first) -%}
    {{ day }} >= {{ first }} and {{ day }} < {{ dbt.dateadd('month', 1, first) }}
{%- endmacro %}
