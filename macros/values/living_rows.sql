{# The copies keep the rows that the source deleted, marked; the source itself has none. #}
{% macro living_rows() -%}
    {%- if target.name == 'direct_source' and 'sigeti_optional' not in model.sources | map('first') -%}
        true
    {%- else -%}
        _supprime_le is null
    {%- endif -%}
{%- endmacro %}
