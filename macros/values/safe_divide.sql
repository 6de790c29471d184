{% macro safe_divide(numerator, denominator, decimals=2) -%}
    round(
        {{ exact_number(numerator) }} / nullif({{ exact_number(denominator) }}, 0),
        {{ decimals }}
    )
{%- endmacro %}
