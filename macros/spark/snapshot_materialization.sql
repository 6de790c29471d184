{# dbt's own keeps what it compares in a view beside the snapshot; here the merge reads it. The rules of
   versions are dbt's. #}
{% materialization snapshot, adapter='spark' -%}
    {%- set versions = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {%- set exists = load_cached_relation(this) is not none -%}
    {%- set strategy = strategy_dispatch(config.get('strategy'))(
        model, 'snapshotted_data', 'source_data', model['config'], exists
    ) -%}
    {%- if exists -%}
        {%- do add_columns_of(model['compiled_code'], versions) -%}
        {%- set observed = snapshot_staging_table(strategy, model['compiled_code'], versions) -%}
        {%- call statement('main') -%}
            merge into {{ versions }} as known
            using (
                {{ observed }}
            ) as observed
            on known.dbt_scd_id = observed.dbt_scd_id
            when matched and known.dbt_valid_to is null and observed.dbt_change_type in ('update', 'delete')
                then update set dbt_valid_to = observed.dbt_valid_to
            when not matched and observed.dbt_change_type = 'insert'
                then insert *
        {%- endcall -%}
    {%- else -%}
        {%- call statement('main') -%}
            create or replace table {{ versions }}
            using iceberg
            comment {{ spark_text(model.description) }}
            as {{ build_snapshot_table(strategy, model['compiled_code']) }}
        {%- endcall -%}
    {%- endif -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [versions]}) }}
{%- endmaterialization %}

{# Adds to a table the columns of a query that it lacks. #}
{% macro add_columns_of(query, table) -%}
    {%- set known = run_query('describe ' ~ table).columns[0].values() -%}
    {%- for column in run_query('describe query ' ~ query).rows if column[0] not in known -%}
        {%- call statement('add') -%}alter table {{ table }} add columns ({{ column[0] }} {{ column[1] }}){%- endcall -%}
    {%- endfor -%}
{%- endmacro %}

{# As on PostgreSQL: never before what the snapshot already says. #}
{% macro spark__snapshot_get_time() -%}
    {%- if execute and load_cached_relation(this) -%}
    (
        select greatest(current_timestamp(), max(greatest(dbt_valid_from, dbt_valid_to)) + interval 1 microsecond)
        from {{ this }}
    )
    {%- else -%}
    current_timestamp()
    {%- endif -%}
{%- endmacro %}
