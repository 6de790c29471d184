{# Sum of two numbers of which one may be unknown; null when both are. #}
{% macro sum_of_known(numbers) -%}
    coalesce({{ numbers[0] }} + {{ numbers[1] }}, {{ numbers[0] }}, {{ numbers[1] }})
{%- endmacro %}
