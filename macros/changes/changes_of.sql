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

{# Name in staging → name at the source, of the keys and links that the load follows; none of other nodes. #}
{% macro followed_columns(node) -%}
    {%- set source = tracked_source(node) -%}
    {%- if source -%}
        {%- set names = {} -%}
        {%- for part in [source.config.meta.key, source.config.meta.get('links', {})] -%}
            {%- for column, name in part.items() -%}{%- do names.update({name: column}) -%}{%- endfor -%}
        {%- endfor -%}
        {{ return(names) }}
    {%- endif -%}
{%- endmacro %}

{% macro tracked_source(node) -%}
    {%- for id in node.depends_on.nodes if node.config.materialized == 'view' and id in graph.sources -%}
        {%- if graph.sources[id].source_name == 'sigeti' -%}
            {{ return(graph.sources[id]) }}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{# Where the load numbers the changes of a source table: its copy, or beside the source its keys alone, and
   the links that its rows used to have. #}
{% macro tracked_tables(node) -%}
    {%- set source = tracked_source(node) -%}
    {%- set table = ('dwh_suivi.' ~ source.identifier) if target.name == 'direct_source' else source.relation_name -%}
    {%- set table = table | replace('"', '') -%}
    {{ return([table] + ([table ~ '__anciens_liens'] if source.config.meta.get('links') else [])) }}
{%- endmacro %}

{# The keys of a model's scope that changes above `since` touched, and those that days passed between two
   days of reference, `since_day` and today's, made due. #}
{% macro touched_keys(node, since, since_day=none) -%}
{%- set scope = scope_of(node) -%}
{%- for touch in touches_of(node) -%}
    {%- set changed = changed_rows(touch['parent'], touch['columns'], touch['number'], since) %}
    {%- set direct = not touch['bridge'] and (touch['columns'] | sort | list) == (scope | sort | list) %}
    {%- if direct %}
    select distinct {{ scope | join(', ') }} from ({{ changed }}) as touches
    {%- else %}
    {%- set own = touch['columns'] | list %}
    select distinct {{ scope | join(', ') }} from {{ (touch['bridge'] or node).relation_name }}
    where ({{ own | join(', ') }}) in (select {{ own | join(', ') }} from ({{ changed }}) as touches)
    {%- endif %}
    {{ 'union' if not loop.last }}
{%- endfor %}
{%- set due = due_of(node) -%}
{%- for columns in due['touches'] if due and since_day is not none %}
    union
    select {% for key in scope %}{{ columns[key] }} as {{ key }}{{ ', ' if not loop.last }}{% endfor %}
    from {{ due['parent'].relation_name }}
    where
        {{ due['condition'] }}
        and {{ due['day'] }} >= least(cast('{{ since_day }}' as date), {{ reference_date() }})
        and {{ due['day'] }} < greatest(cast('{{ since_day }}' as date), {{ reference_date() }})
{%- endfor %}
{%- endmacro %}
