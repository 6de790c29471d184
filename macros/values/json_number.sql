{# The application writes numbers as numbers or as strings, with spaces between thousands at times. What
   is no number, or has more digits than expected, is null: warn_unread_json_numbers says so, and
   finite_numbers stops the night for NaN and infinity. #}
{% macro json_number(column, path, digits=15) -%}
    {%- set text = replace_all(json_text(column, path), ' |' ~ white_space(), '') -%}
    case
        when {{ matches(text, '^[-+]?[0-9]{1,' ~ digits ~ '}(\\.[0-9]+)?$') }}
            then {{ exact_number(text) }}
    end
{%- endmacro %}

{# What is at a path of a JSON column, as text without the characters that nobody sees. #}
{% macro json_text(column, path) -%}
    {{ return(adapter.dispatch('json_text', 'sigeti_dwh')(column, path)) }}
{%- endmacro %}

{% macro postgres__json_text(column, path) -%}
    {{ clean_text(column ~ " #>> '{" ~ path | join(',') ~ "}'") }}
{%- endmacro %}
