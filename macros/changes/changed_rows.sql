{# The rows of a relation that changed, came or went: `columns` (name: expression over its columns) and
   _changement, the number of the change, above `since` unless that is none. Of a view of staging they are
   those of the copy that it reads, former links included. #}
{% macro changed_rows(node, columns, number='_changement', since=none) -%}
    {%- set limit = ' where ' ~ number ~ ' > ' ~ since if since is not none else '' -%}
    {%- set former_limit = ' where _changement > ' ~ since if since is not none else '' -%}
    {%- set selected -%}
        {%- for name, expression in columns.items() -%}{{ expression }} as {{ name }}, {% endfor -%}
    {%- endset -%}
    {%- set names = followed_columns(node) -%}
    {%- if names -%}
        {%- for table in tracked_tables(node) %}
        select {{ selected }}_changement from (
            select {% for name, column in names.items() %}{{ column }} as {{ name }}, {% endfor %}_changement
            from {{ table }}{{ former_limit }}
        ) as changes
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    {%- else %}
        {%- if node.resource_type != 'snapshot' %}
        select {{ selected }}{{ number }} as _changement from {{ node.relation_name }}{{ limit }}
        union all
        {%- endif %}
        select {{ selected }}_changement from {{ former_rows(node.alias) }}{{ former_limit }}
    {%- endif -%}
{%- endmacro %}
