{# Where the strategy keeps what rows of the relation were before they moved to another group or went: the
   columns by which others follow it, and _changement. Of a snapshot, whose rows have no number, the keys of
   all that it has observed. #}
{% macro former_rows(identifier) -%}
    {{ meta_schema() }}.{{ identifier }}__anciennes
{%- endmacro %}

{# The table of former rows, and in it the columns that it does not have yet. #}
{% macro prepare_former_rows() -%}
{%- set columns = former_columns(model) -%}
{%- if columns -%}
{%- set table = former_rows(this.identifier) -%}
{%- set known = run_query(
    "select attname from pg_attribute where attrelid = to_regclass('" ~ table ~ "') and not attisdropped"
) -%}
{%- set present = known.columns[0].values() if known else [] -%}
{%- if not present -%}
create table {{ table }} (_changement bigint not null);
{% endif -%}
{%- for column in columns if column not in present -%}
alter table {{ table }} add column {{ column }} {{ model.columns[column].data_type }};
{% endfor -%}
{%- endif -%}
{%- endmacro %}
