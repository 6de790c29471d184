{# Where the strategy keeps what rows of the relation were before they moved to another group or went: the
   columns by which others follow it, and _changement. Of a snapshot, whose rows have no number, the keys of
   all that it has observed. #}
{% macro former_rows(identifier) -%}
    {{ meta_schema() }}.{{ identifier }}__anciennes
{%- endmacro %}

{# The table of former rows, and in it the columns that it does not have yet; one that is made anew lets all who
   follow the relation compute all their rows. #}
{% macro prepare_former_rows(anew=false) -%}
{%- set columns = former_columns(model) -%}
{%- if columns -%}
{%- set table = former_rows(this.identifier) -%}
{%- set known = run_query(
    "select attname from pg_attribute where attrelid = to_regclass('" ~ table ~ "') and not attisdropped"
) -%}
{%- set present = known.columns[0].values() if known and not anew else [] -%}
{%- if anew -%}
drop table if exists {{ table }};
{% endif -%}
{%- if not present -%}
create table {{ table }} (_changement bigint not null);
{% endif -%}
{%- for column in columns if column not in present -%}
alter table {{ table }} add column {{ column }} {{ model.columns[column].data_type }};
{% endfor -%}
{%- endif -%}
{%- endmacro %}

{# The columns of a relation whose former values somebody needs: those by which its children follow it, the
   key under which it is published, and those by which it finds rows of its own. In the order of its columns. #}
{% macro former_columns(node) -%}
    {%- set needed = (scope_of(node) if node.resource_type == 'snapshot' else []) -%}
    {%- set needed = needed + (node.config.unique_key if node.config.meta.publie_dans is defined else []) -%}
    {%- for touch in touches_of(node) if not touch['gives_keys'] and not touch['bridge'] -%}
        {%- do needed.extend(scope_of(node) + (touch['columns'] | list)) -%}
    {%- endfor -%}
    {%- for child in graph.nodes.values() if node.unique_id in child.depends_on.nodes and child.config.get('touched_by') -%}
        {%- for touch in touches_of(child) if touch['parent'].unique_id == node.unique_id -%}
            {%- for expression in touch['columns'].values() -%}
                {%- do needed.extend(names_in(expression)) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(node.columns | select('in', needed) | list) }}
{%- endmacro %}
