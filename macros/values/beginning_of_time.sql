{# Late enough for every client's timestamp type (pandas starts in 1677). #}
{% macro beginning_of_time() -%}
    cast('1900-01-01 00:00:00+00' as {{ type_moment() }})
{%- endmacro %}
