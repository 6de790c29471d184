{# Where the strategy keeps what rows of the relation were before they moved to another group or went: the
   columns of its config `former_columns`, and _changement. #}
{% macro former_rows(relation) -%}
    {{ meta_schema() }}.{{ relation.identifier }}__anciennes
{%- endmacro %}

{# Pre-hook of a model with former_columns. #}
{% macro prepare_former_rows() -%}
create table if not exists {{ former_rows(this) }} (
    {% for column in config.get('former_columns') -%}
    {{ column }} {{ model.columns[column].data_type }},
    {% endfor -%}
    _changement bigint not null
)
{%- endmacro %}
