{# dbt's own compares every row with its latest version, each night: here those in scope, if the snapshot
   has one. #}
{% macro postgres__snapshot_staging_table(strategy, source_sql, target_relation) -%}
    {%- if run_query("select to_regclass('pg_temp." ~ scope_table() ~ "')").rows[0][0] -%}
        {%- set touched = "where " ~ strategy.unique_key ~ " in (select * from " ~ scope_table() ~ ")" -%}
        {%- set source_sql = "select * from (" ~ source_sql ~ ") as observed " ~ touched -%}
        {%- set target_relation = "(select * from " ~ target_relation ~ " " ~ touched ~ ") as known" -%}
    {%- endif -%}
    {{ dbt.default__snapshot_staging_table(strategy, source_sql, target_relation) }}
{%- endmacro %}
