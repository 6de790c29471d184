{# Post-hook: an index of what dbt's own index configuration cannot say, of some rows or with more columns.
   One that lacks columns to be read alone is made again. #}
{% macro index_more(name, columns, include=[], where=none) -%}
{%- set index = this.identifier ~ '__' ~ name -%}
{%- if include and execute -%}
    {%- set held = run_query(
        "select cast(attname as text) from pg_attribute "
        ~ "where attrelid = to_regclass('" ~ this.schema ~ "." ~ index ~ "')"
    ).columns[0].values() -%}
    {%- if held and include | reject('in', held) | list -%}
drop index {{ this.schema }}.{{ index }};
    {%- endif %}
{% endif -%}
create index if not exists {{ index }} on {{ this }} ({{ columns | join(', ') }})
{%- if include %} include ({{ include | join(', ') }}){% endif %}
{%- if where %} where {{ where }}{% endif %}
{%- endmacro %}
