{# Post-hook: the indexes that dbt's own configuration cannot say, of some rows or with more columns: those
   of the config `more_indexes`, and that of the days on which others find rows due here. One that lacks
   columns to be read alone is made again. #}
{% macro create_more_indexes() -%}
    {{ return(adapter.dispatch('create_more_indexes', 'sigeti_dwh')()) }}
{%- endmacro %}

{% macro postgres__create_more_indexes() -%}
{%- set wanted = dict(config.get('more_indexes') or {}) -%}
{%- for child in (graph.nodes.values() if execute else []) if child.config.get('touched_when_due') -%}
    {%- for due in dues_of(child) if due['parent'].unique_id == model.unique_id -%}
        {%- do wanted.update({'a_echoir': {'columns': [due['day']], 'where': due['condition']}}) -%}
    {%- endfor -%}
{%- endfor -%}
{%- for name, index in wanted.items() %}
{%- set full_name = this.identifier ~ '__' ~ name -%}
{%- if index['include'] and execute -%}
    {%- set held = run_query(
        "select cast(attname as text) from pg_attribute "
        ~ "where attrelid = to_regclass('" ~ this.schema ~ "." ~ full_name ~ "')"
    ).columns[0].values() -%}
    {%- if held and index['include'] | reject('in', held) | list %}
drop index {{ this.schema }}.{{ full_name }};
    {%- endif -%}
{%- endif %}
create index if not exists {{ full_name }} on {{ this }} ({{ index['columns'] | join(', ') }})
{%- if index['include'] %} include ({{ index['include'] | join(', ') }}){% endif %}
{%- if index['where'] %} where {{ index['where'] }}{% endif %};
{%- endfor -%}
{%- endmacro %}
