{# Statements that let columns be null of which the contract no longer says that they are not: a table is
   never made again, and keeps what it was made with. #}
{% macro drop_lost_constraints() -%}
{%- set known = run_query(
    "select attname from pg_attribute where attrelid = to_regclass('" ~ this.render() ~ "') and attnotnull "
    ~ "and attnum > 0 and not attisdropped and not exists (select from pg_constraint where contype = 'p' "
    ~ "and conrelid = attrelid and attnum = any(conkey))"
) if execute else none -%}
{%- for column in (known.columns[0].values() if known else []) -%}
    {%- if 'not_null' not in model.columns.get(column, {}).get('constraints', []) | map(attribute='type') -%}
        alter table {{ this }} alter column {{ column }} drop not null;
    {% endif -%}
{%- endfor -%}
{%- endmacro %}
