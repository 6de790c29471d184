{% macro json_number(column, path, digits=15) -%}
    {{ return(adapter.dispatch('json_number', 'sigeti_dwh')(column, path, digits)) }}
{%- endmacro %}

{# The application writes numbers as numbers or as strings, with spaces between thousands at times. What
   is no number, or has more digits than expected, is null. #}
{% macro postgres__json_number(column, path, digits) -%}
    {%- set text = "regexp_replace(" ~ column ~ " #>> '{" ~ path | join(',') ~ "}', '[\\s\\u00A0\\u202F]', '', 'g')" -%}
    case
        when {{ text }} ~ '^[-+]?[0-9]{1,{{ digits }}}(\.[0-9]+)?$'
            then cast({{ text }} as numeric)
    end
{%- endmacro %}
