{# Whether this build is limited to the keys that changes have touched. A full refresh, a first build, a
   table whose progress is unknown, a model whose SQL changed or has a new column, and another calendar
   compute every row. #}
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
        "select changement from " ~ meta_schema() ~ ".avancement where relation = '"
        ~ relation_name(this) ~ "' and empreinte = '" ~ model_fingerprint() ~ "'"
    ) -%}
    {{ return(progress.rows[0][0] if progress.rows else none) }}
{%- endmacro %}

{# Without the database: a warehouse that is renamed, copied or restored keeps its records. #}
{% macro relation_name(relation) -%}
    {{ relation.schema }}.{{ relation.identifier }}
{%- endmacro %}

{# Changes with the model's SQL and with the days that have a key. #}
{% macro model_fingerprint() -%}
    {{ local_md5(model.raw_code ~ calendar_start() ~ calendar_end()) }}
{%- endmacro %}
