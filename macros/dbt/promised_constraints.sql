{# Statements that take another primary key than the model's from a table, and with it all rows: those of the
   former key need not be as many of this one. #}
{% macro forget_other_key(table, node) -%}
{%- set key = primary_key_of(table) -%}
{%- if key.columns | sort != node.config.unique_key | sort -%}
    {%- for name in key.names -%}
        alter table {{ table }} drop constraint {{ adapter.quote(name) }};
    {% endfor -%}
    delete from {{ table }};
{%- endif -%}
{%- endmacro %}

{# Statements that let columns be null of which the contract no longer says that they are not: a table is
   never made again, and keeps what it was made with. `kept` are others that stay as they are. #}
{% macro drop_lost_constraints(table, node, kept=[]) -%}
{%- set known = run_query(
    "select attname from pg_attribute where attrelid = to_regclass('" ~ table.render() ~ "') and attnotnull "
    ~ "and attnum > 0 and not attisdropped"
) -%}
{%- for column in known.columns[0].values() if column not in promised_columns(node) + node.config.unique_key + kept -%}
    alter table {{ table }} alter column {{ column }} drop not null;
{% endfor -%}
{%- endmacro %}

{# Post-hook: makes a column that was added later not null where the contract says so, and gives a table that
   has no primary key the model's. #}
{% macro add_promised_constraints() -%}
    {{ return(adapter.dispatch('add_promised_constraints', 'sigeti_dwh')()) }}
{%- endmacro %}

{% macro postgres__add_promised_constraints() -%}
do $$
declare
    lacking text;
begin
    for lacking in
        select attname from pg_attribute
        where attrelid = '{{ this }}'::regclass and not attnotnull and not attisdropped
            and attname = any(array['{{ promised_columns(model) | join("', '") }}'])
    loop
        execute format('alter table {{ this }} alter column %I set not null', lacking);
    end loop;
    if not exists (select from pg_constraint where conrelid = '{{ this }}'::regclass and contype = 'p') then
        alter table {{ this }} add primary key ({{ config.get('unique_key') | join(', ') }});
    end if;
end
$$
{%- endmacro %}

{# The names and columns of a table's primary key; none where an administrator dropped it, or of no table. #}
{% macro primary_key_of(table) -%}
    {%- set found = run_query(
        "select constraints.conname, attributes.attname from pg_catalog.pg_constraint as constraints"
        " inner join pg_catalog.pg_attribute as attributes on attributes.attrelid = constraints.conrelid"
        " and attributes.attnum = any(constraints.conkey)"
        " where constraints.contype = 'p' and constraints.conrelid = to_regclass('" ~ table ~ "')"
    ).rows -%}
    {{ return({
        'names': found | map(attribute=0) | unique | list, 'columns': found | map(attribute=1) | list
    }) }}
{%- endmacro %}

{# The columns of which a model's contract says that they are not null. #}
{% macro promised_columns(node) -%}
    {%- set promised = [] -%}
    {%- for name, column in node.columns.items() if 'not_null' in column.get('constraints', []) | map(attribute='type') -%}
        {%- do promised.append(name) -%}
    {%- endfor -%}
    {{ return(promised) }}
{%- endmacro %}
