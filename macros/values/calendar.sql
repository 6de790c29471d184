{% macro calendar_start() -%}
    cast('{{ var("start_date") }}' as date)
{%- endmacro %}

{# End of the fifth year after the current one. #}
{% macro calendar_end() -%}
    cast('{{ run_started_at.year + 5 }}-12-31' as date)
{%- endmacro %}
