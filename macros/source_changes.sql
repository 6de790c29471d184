{% macro source_changes(table, keys, links=[]) -%}
select
    {%- for source_column, name in (keys + links) %}
    {{ source_column }} as {{ name }},
    {%- endfor %}
    _changement
from {{ source('suivi', table) }}
{%- if links %}
union all
select
    {%- for source_column, name in (keys + links) %}
    {{ source_column }} as {{ name }},
    {%- endfor %}
    _changement
from {{ source('suivi', table ~ '__anciens_liens') }}
{%- endif %}
{%- endmacro %}
