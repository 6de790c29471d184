{# How many there are, 0 where none is, in the type of every such column of the facts and marts; `where`
   limits an aggregate to some of its rows. #}
{% macro number_of(expression, where=none) -%}
    cast(coalesce({{ expression }}{{ only_where(where) }}, 0) as integer)
{%- endmacro %}

{# An amount or an area, 0 where there is none, in the type of every such column of the facts and marts. #}
{% macro amount_of(expression, where=none) -%}
    cast(coalesce({{ expression }}{{ only_where(where) }}, 0) as numeric(18, 2))
{%- endmacro %}

{% macro only_where(where) -%}
    {{ ' filter (where ' ~ where ~ ')' if where }}
{%- endmacro %}
