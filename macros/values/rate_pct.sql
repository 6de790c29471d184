{% macro rate_pct(numerator, denominator) -%}
    cast({{ safe_divide("100 * (" ~ numerator ~ ")", denominator) }} as numeric(18, 2))
{%- endmacro %}
