{# Numbers of changes are shared by every schema that is built from the same copies. #}
{% macro meta_schema() -%}
    dwh_meta
{%- endmacro %}
