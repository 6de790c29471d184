{# Statements that let columns be null of which the contract no longer says that they are not: a table is
   never made again, and keeps what it was made with. #}
{% macro drop_lost_constraints() -%}
{%- set known = run_query(
    "select attname from pg_attribute where attrelid = to_regclass('" ~ this.render() ~ "') and attnotnull "
    ~ "and attnum > 0 and not attisdropped and not exists (select from pg_constraint where contype = 'p' "
    ~ "and conrelid = attrelid and attnum = any(conkey))"
) if execute else none -%}
{%- for column in (known.columns[0].values() if known else []) -%}
    {%- if column not in promised_columns(model) -%}
        alter table {{ this }} alter column {{ column }} drop not null;
    {% endif -%}
{%- endfor -%}
{%- endmacro %}

{# Post-hook: makes a column that was added later not null where the contract says so. #}
{% macro add_promised_constraints() -%}
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
end
$$
{%- endmacro %}

{# The columns of which a model's contract says that they are not null. #}
{% macro promised_columns(node) -%}
    {%- set promised = [] -%}
    {%- for name, column in node.columns.items() if 'not_null' in column.get('constraints', []) | map(attribute='type') -%}
        {%- do promised.append(name) -%}
    {%- endfor -%}
    {{ return(promised) }}
{%- endmacro %}
