{# What a generic test looks at: at night, the rows that have changed since it last passed (see
   docs/tests.md), by dbt test the whole table. `tested_by` in the meta of a model names the key whose
   rows are tested together; of a view of staging it is that of its source. #}
{% macro get_where_subquery(relation) -%}
    {%- set condition = config.get('where') -%}
    {%- set source = tested_source() -%}
    {%- if source is not none -%}
        {%- set condition = living_rows() ~ (' and ' ~ changed_source_rows(source) if tested_change() is not none) -%}
    {%- elif tested_change() is not none -%}
        {%- set tested = graph.nodes[model.attached_node] -%}
        {%- set key = tested.config.meta.get('tested_by', {}).get('key') or followed_columns(tested) | first -%}
        {%- if key -%}
            {%- set changes = changed_rows(tested, {key: key}, since=tested_change()) -%}
            {%- set condition -%}
                {{ key }} in (select {{ key }} from ({{ changes }}) as changes) {{ 'and (' ~ condition ~ ')' if condition }}
            {%- endset -%}
        {%- elif '_changement' in tested.columns -%}
            {%- set condition = '_changement > ' ~ tested_change() ~ (' and (' ~ condition ~ ')' if condition else '') -%}
        {%- endif -%}
    {%- endif -%}
    {{ return('(select * from ' ~ relation ~ ' where ' ~ condition ~ ') as tested' if condition else relation) }}
{%- endmacro %}

{# One database: the source's table knows no numbers of changes, what follows it does. #}
{% macro changed_source_rows(source) -%}
    {%- if not is_copied(source) -%}
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

{# Condition of a singular test: whether a key is among those that changed since the test last passed, by
   one of the queries of changes_of or touched_keys_of. `column` is the key's name in them. #}
{% macro tested_key(key, queries, column=key) -%}
    {%- if tested_change() is none -%}
        true
    {%- else -%}
        {{ key }} in (
            {%- for query in queries %}
            select {{ column }} from {{ query }} as touches
            {{ 'union' if not loop.last }}
            {%- endfor %}
        )
    {%- endif -%}
{%- endmacro %}

{# For tests: the keys of the rows of a relation that changed, came or went since the test last passed. #}
{% macro changes_of(relation, keys) -%}
    {%- set columns = {} -%}
    {%- for key in keys -%}{%- do columns.update({key: key}) -%}{%- endfor -%}
    {%- for node in nodes_of(relation) -%}
        ({{ changed_rows(node, columns, since=tested_change()) }})
    {%- endfor -%}
{%- endmacro %}

{# For tests: the keys of a model's scope that were touched since the test last passed. #}
{% macro touched_keys_of(relation) -%}
    {%- for node in nodes_of(relation) -%}
        ({{ touched_keys(node, tested_change()) }})
    {%- endfor -%}
{%- endmacro %}

{% macro nodes_of(relation) -%}
    {{ return(graph.nodes.values() | selectattr('relation_name', 'equalto', relation.render()) | list if execute else []) }}
{%- endmacro %}
