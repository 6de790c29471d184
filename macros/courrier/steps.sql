{# A step of a letter is false, true, or the moment at which it was taken. #}
{% macro step_is_taken(field) -%}
    coalesce({{ document_text([field]) }} <> 'false', false)
{%- endmacro %}

{% macro step_day(field) -%}
    cast(left(nullif(nullif({{ document_text([field]) }}, 'true'), 'false'), 10) as date)
{%- endmacro %}
