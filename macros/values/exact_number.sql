{# With all of its digits: numeric without a precision has none after the point on Spark. #}
{% macro exact_number(number) -%}
    {{ return(adapter.dispatch('exact_number', 'sigeti_dwh')(number)) }}
{%- endmacro %}

{% macro postgres__exact_number(number) -%}
    cast({{ number }} as numeric)
{%- endmacro %}
