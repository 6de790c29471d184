{# A text that can be part of a key: one that is not known has the name of the unknown members. #}
{% macro known_text(column) -%}
    coalesce({{ column }}, 'Inconnu')
{%- endmacro %}
