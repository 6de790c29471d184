{% macro type_moment() -%}
    {{ return(adapter.dispatch('type_moment', 'sigeti_dwh')()) }}
{%- endmacro %}

{% macro postgres__type_moment() -%}
    timestamp with time zone
{%- endmacro %}

{# The moment of a day, or of a time without a zone, that is told in UTC. #}
{% macro moment_in_utc(time) -%}
    {{ return(adapter.dispatch('moment_in_utc', 'sigeti_dwh')(time)) }}
{%- endmacro %}

{% macro postgres__moment_in_utc(time) -%}
    cast({{ time }} as timestamp) at time zone 'UTC'
{%- endmacro %}
