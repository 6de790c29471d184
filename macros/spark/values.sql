{# What the macros of values are on Spark. Its sessions are in UTC, and stop at what no type holds
   (spark.sql.ansi.enabled): sigeti_dwh/spark/dbt_sessions.py. #}

{# numeric without a precision is decimal(10, 0) there. A quotient of two of these keeps ten digits after the
   point. #}
{% macro spark__exact_number(number) -%}
    cast({{ number }} as decimal(28, 8))
{%- endmacro %}

{# No decimal holds NaN, and the load refuses it. #}
{% macro spark__money(column) -%}
    cast({{ column }} as decimal(18, 2))
{%- endmacro %}

{% macro spark__key_bucket(key) -%}
    shiftright({{ key }}, 6)
{%- endmacro %}

{% macro spark__type_moment() -%}
    timestamp
{%- endmacro %}

{% macro spark__type_double() -%}
    double
{%- endmacro %}

{% macro spark__moment_in_utc(time) -%}
    cast({{ time }} as timestamp)
{%- endmacro %}

{% macro spark__to_day(timestamp) -%}
    cast({{ timestamp }} as date)
{%- endmacro %}

{# Moments differ by an interval there, which no number divides. #}
{% macro spark__elapsed_seconds(first, last) -%}
    (unix_micros({{ last }}) - unix_micros({{ first }})) / cast(1000000 as decimal(7, 0))
{%- endmacro %}

{% macro spark__start_of_hour(moment) -%}
    date_trunc('hour', {{ moment }})
{%- endmacro %}

{% macro spark__hour_in_utc(moment) -%}
    hour({{ moment }})
{%- endmacro %}

{% macro spark__iso_weekday(day) -%}
    weekday({{ day }}) + 1
{%- endmacro %}

{% macro spark__days_between(first, last) -%}
select explode(sequence({{ first }}, {{ last }}, interval 1 day)) as date_jour
{%- endmacro %}

{# Between 4.31 and 4.32 lies 4.3149999 for the engine: as PostgreSQL does, before it is rounded. #}
{% macro spark__percentile_of(value, share) -%}
    {{ exact_number('percentile_cont(' ~ share ~ ') within group (order by ' ~ value ~ ')') }}
{%- endmacro %}
