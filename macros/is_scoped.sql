{# Whether this build is limited to the keys that changes have touched. A full refresh, a first build, a
   table whose progress is unknown and a model with a new column compute every row. #}
{% macro is_scoped() -%}
    {{ return(processed_change() is not none) }}
{%- endmacro %}

{# Number of the change up to which the table was made, or none. #}
{% macro processed_change() -%}
    {%- if not execute or not is_incremental() or flags.FULL_REFRESH -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set existing = adapter.get_columns_in_relation(this) | map(attribute='name') | list -%}
    {%- for column in model.columns if column not in existing -%}
        {{ return(none) }}
    {%- endfor -%}
    {%- set progress = run_query(
        "select changement from " ~ meta_schema() ~ ".avancement where relation = '" ~ relation_name(this) ~ "'"
    ) -%}
    {{ return(progress.rows[0][0] if progress.rows else none) }}
{%- endmacro %}

{# Without the database: a warehouse that is renamed, copied or restored keeps its records. #}
{% macro relation_name(relation) -%}
    {{ relation.schema }}.{{ relation.identifier }}
{%- endmacro %}
