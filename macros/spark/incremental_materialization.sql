{# Dimensions, facts and marts: one new snapshot of the Iceberg table each night, which readers see whole. It is
   made again when its columns have changed, and is empty until it is filled. The engine refuses a null where
   the contract has none, and a column that the query lacks. It keeps no key, so that is looked at here: what
   stands on a table with a key twice is not built, nor published. #}
{% materialization incremental, adapter='spark' -%}
    {%- set table = this.incorporate(type='table') -%}
    {%- set keys = config.get('unique_key') | join(', ') -%}
    {%- set columns = described_columns(model) -%}
    {{ run_hooks(pre_hooks) }}
    {%- if not has_definition(table, 'colonnes', columns) -%}
        {%- call statement('create') -%}
            create or replace table {{ table }} (
                {{ columns }}
            )
            using iceberg
            comment {{ spark_text(model.description) }}
            {{ with_definition('colonnes', columns) }}
        {%- endcall -%}
    {%- endif -%}
    {%- call statement('main') -%}
        insert overwrite {{ table }}
        select {{ model.columns | join(', ') }}
        from (
            {{ sql }}
        ) as computed
    {%- endcall -%}
    {%- set counts = run_query("select count(*), count(distinct " ~ keys ~ ") from " ~ table).rows[0] -%}
    {%- if counts[0] != counts[1] -%}
        {%- do exceptions.raise_compiler_error(
            table ~ ' has ' ~ (counts[0] - counts[1]) ~ ' rows too many of its primary key (' ~ keys ~ ').'
        ) -%}
    {%- endif -%}
    {%- do store_raw_result('main', message='OK ' ~ counts[0], code='OK', rows_affected=counts[0]) -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [table]}) }}
{%- endmaterialization %}
