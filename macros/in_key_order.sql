{# Order of a first build's rows: those whose keys are neighbours, which are summarised together
   (key_bucket), share pages instead of lying on one each. #}
{% macro in_key_order() -%}
    {%- if not is_incremental() -%}
        order by {{ config.get('unique_key') | join(', ') }}
    {%- endif -%}
{%- endmacro %}
