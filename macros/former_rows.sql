{# Where the strategy keeps what rows of the relation were before they moved to another group or went: the
   columns of its config `former_columns`, and _changement. #}
{% macro former_rows(relation) -%}
    {{ meta_schema() }}.{{ relation.identifier }}__anciennes
{%- endmacro %}

{# Pre-hook of a model with former_columns: their table, and in it those that it does not have yet. #}
{% macro prepare_former_rows() -%}
{%- set table = former_rows(this) -%}
{%- set known = run_query(
    "select attname from pg_attribute where attrelid = to_regclass('" ~ table ~ "') and not attisdropped"
) -%}
{%- set present = known.columns[0].values() if known else [] -%}
{%- if not present -%}
create table {{ table }} (_changement bigint not null);
{% endif -%}
{%- for column in config.get('former_columns') if column not in present -%}
alter table {{ table }} add column {{ column }} {{ model.columns[column].data_type }};
{% endfor -%}
{%- endmacro %}
