{# First day of a day's month; of an unknown day the unknown month, so that nothing is lost. #}
{% macro month_of(day) -%}
    cast({{ dbt.date_trunc('month', day_of_month(day)) }} as date)
{%- endmacro %}

{# Whether a day is in the month that begins on another, in a form that an index on day_of_month serves. #}
{% macro in_month(day, first) -%}
    {{ day_of_month(day) }} >= {{ first }} and {{ day_of_month(day) }} < {{ dbt.dateadd('month', 1, first) }}
{%- endmacro %}

{# Whether the month that begins on a day is after the one of the day of reference. #}
{% macro is_to_come(first) -%}
    {{ first }} > {{ reference_date() }}
{%- endmacro %}

{# What a mart says of the month that begins on a day, beside that day. #}
{% macro parts_of_month(first) -%}
    cast(extract(year from {{ first }}) as integer) as annee,
    cast(extract(quarter from {{ first }}) as integer) as trimestre,
    cast(extract(month from {{ first }}) as integer) as mois,
    {{ is_to_come(first) }} as est_a_venir
{%- endmacro %}

{% macro day_of_month(day) -%}
    coalesce({{ day }}, {{ unknown_month() }})
{%- endmacro %}

{# A key needs a day: the first of those that a source may give, long before the agency's own. #}
{% macro unknown_month() -%}
    cast('1900-01-01' as date)
{%- endmacro %}
