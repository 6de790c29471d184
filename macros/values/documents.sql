{# A text of a document, under the first of some names that it has. #}
{% macro document_text(fields) -%}
    coalesce({% for field in fields %}{{ json_text('document', [field]) }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{# A day that a document has as text, and an hour after it at times. #}
{% macro document_day(fields) -%}
    cast(left({{ document_text(fields) }}, 10) as date)
{%- endmacro %}

{# A moment that a document has as text, in UTC as MongoDB writes it, to the second. #}
{% macro document_time(fields) -%}
    {{ moment_in_utc('left(' ~ document_text(fields) ~ ', 19)') }}
{%- endmacro %}

{# A number of a document, under the first of some names that it has. #}
{% macro document_number(fields) -%}
    coalesce({% for field in fields %}{{ json_number('document', [field]) }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{% macro document_count(fields) -%}
    cast(round({{ document_number(fields) }}) as bigint)
{%- endmacro %}

{% macro document_amount(fields) -%}
    cast({{ document_number(fields) }} as numeric(18, 2))
{%- endmacro %}

{# What is joined to a document: each element of an array in it, and its place, from 1. #}
{% macro elements_of(document, field) -%}
    {{ return(adapter.dispatch('elements_of', 'sigeti_dwh')(document, field)) }}
{%- endmacro %}

{% macro postgres__elements_of(document, field) -%}
    cross join lateral
        jsonb_path_query({{ document }}, '$.{{ field }}[*]') with ordinality as elements (document, numero)
{%- endmacro %}

{# What is joined to a document: each of its fields, and what it holds as text. #}
{% macro fields_of(document) -%}
    {{ return(adapter.dispatch('fields_of', 'sigeti_dwh')(document)) }}
{%- endmacro %}

{% macro postgres__fields_of(document) -%}
    cross join lateral jsonb_each_text({{ document }}) as champs (champ, valeur)
{%- endmacro %}
