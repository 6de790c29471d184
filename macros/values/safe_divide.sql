{% macro safe_divide(numerator, denominator, decimals=2) -%}
    round(
        cast({{ numerator }} as numeric) / nullif(cast({{ denominator }} as numeric), 0),
        {{ decimals }}
    )
{%- endmacro %}
