{# What a generic test looks at: at night, the rows that have changed since it last passed (see
   docs/tests.md), by dbt test the whole table. `tested_by` in the meta of a model names the key whose
   rows are tested together, and the view of its changes where the model itself has no change numbers. #}
{% macro get_where_subquery(relation) -%}
    {%- set condition = config.get('where') -%}
    {%- set source = tested_source() -%}
    {%- if source is not none -%}
        {%- set condition = living_rows() ~ (' and ' ~ changed_source_rows(source) if tested_change() is not none) -%}
    {%- elif tested_change() is not none -%}
        {%- set tested = graph.nodes[model.attached_node] -%}
        {%- set by = tested.config.meta.get('tested_by', {}) -%}
        {%- if by -%}
            {%- set changes = graph.nodes['model.' ~ project_name ~ '.' ~ by.get('changes', tested.name)] -%}
            {%- set condition -%}
                {{ by.key }} in (
                    select {{ by.key }} from {{ changes.relation_name }} where _changement > {{ tested_change() }}
                ) {{ 'and (' ~ condition ~ ')' if condition }}
            {%- endset -%}
        {%- elif '_changement' in tested.columns -%}
            {%- set condition = '_changement > ' ~ tested_change() ~ (' and (' ~ condition ~ ')' if condition else '') -%}
        {%- endif -%}
    {%- endif -%}
    {{ return('(select * from ' ~ relation ~ ' where ' ~ condition ~ ') as tested' if condition else relation) }}
{%- endmacro %}

{# One database: the source's table knows no numbers of changes, what follows it does. #}
{% macro changed_source_rows(source) -%}
    {%- if target.name == 'direct_source' -%}
        {%- set keys = source.config.meta['key'] | join(', ') -%}
        ({{ keys }}) in (
            select {{ keys }} from dwh_suivi.{{ source.identifier }} where {{ changed_since_tested() }}
        )
    {%- else -%}
        {{ changed_since_tested() }}
    {%- endif -%}
{%- endmacro %}

{# The change up to which the test has passed; none when it looks at everything. #}
{% macro tested_change() -%}
    {{ return(model.config.meta.get('tested_change')) }}
{%- endmacro %}

{# Condition of a singular test: whether a row has changed since the test last passed. #}
{% macro changed_since_tested(change='_changement') -%}
    {{ change ~ ' > ' ~ tested_change() if tested_change() is not none else 'true' }}
{%- endmacro %}

{# Condition of a singular test: whether a key has changed, by one of the views of changes, since the test
   last passed. `column` is the key's name in them. #}
{% macro tested_key(key, views, column=key) -%}
    {%- if tested_change() is none -%}
        true
    {%- else -%}
        {{ key }} in (
            {%- for view in views %}
            select {{ column }} from {{ view }} as touches where {{ changed_since_tested() }}
            {{ 'union' if not loop.last }}
            {%- endfor %}
        )
    {%- endif -%}
{%- endmacro %}
