{# An amount in FCFA. What is no number, or more than the warehouse's type holds, is NaN: the test
   finite_numbers then stops the night, and no sum can hide it. #}
{% macro money(column) -%}
    {{ return(adapter.dispatch('money', 'sigeti_dwh')(column)) }}
{%- endmacro %}

{% macro postgres__money(column) -%}
    cast(
        case
            when {{ is_finite(column) }} then {{ column }}
            when {{ column }} is not null then cast('NaN' as numeric)
        end as numeric(18, 2)
    )
{%- endmacro %}

{# Whether a number is one that the warehouse's amounts can hold; PostgreSQL orders NaN above all. #}
{% macro is_finite(column) -%}
    abs({{ column }}) < 1e16
{%- endmacro %}
