{# Regular expressions on texts; what is written between them is read alike by all engines. #}
{% macro matches(text, pattern) -%}
    {{ return(adapter.dispatch('matches', 'sigeti_dwh')(text, pattern)) }}
{%- endmacro %}

{% macro postgres__matches(text, pattern) -%}
    {{ text }} ~ '{{ pattern }}'
{%- endmacro %}

{% macro replace_all(text, pattern, replacement) -%}
    {{ return(adapter.dispatch('replace_all', 'sigeti_dwh')(text, pattern, replacement)) }}
{%- endmacro %}

{% macro postgres__replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{# What the group of a pattern holds where it first matches, null where it does not. #}
{% macro first_match(text, pattern) -%}
    {{ return(adapter.dispatch('first_match', 'sigeti_dwh')(text, pattern)) }}
{%- endmacro %}

{% macro postgres__first_match(text, pattern) -%}
    substring({{ text }}, '{{ pattern }}')
{%- endmacro %}
