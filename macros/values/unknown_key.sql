{# What a source knows has keys above it; further members of what is unknown lie below. #}
{% macro unknown_key() -%}
    -1
{%- endmacro %}
