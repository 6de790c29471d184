{% macro reference_date() -%}
    cast('{{ var("date_reference") or run_started_at.strftime("%Y-%m-%d") }}' as date)
{%- endmacro %}
