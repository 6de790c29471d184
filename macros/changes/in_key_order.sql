{# Order of a first build's rows: those whose keys are neighbours, which are summarised together
   (key_bucket), share pages instead of lying on one each. A unit test has no key, and needs no order. #}
{% macro in_key_order() -%}
    {%- set keys = config.get('unique_key') -%}
    {%- if keys and not is_incremental() -%}
        order by {{ keys | join(', ') }}
    {%- endif -%}
{%- endmacro %}
