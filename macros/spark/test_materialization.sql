{# A test keeps its rows only when it finds some, as on PostgreSQL. #}
{% materialization test, adapter='spark' -%}
    {%- if not should_store_failures() -%}
        {{ return(dbt.materialization_test_default()) }}
    {%- endif -%}
    {%- set kept = this.incorporate(type='table') -%}
    {%- set found = get_limit_subquery_sql(sql, config.get('limit')) -%}
    {%- call statement('main', fetch_result=True) -%}
        {{ get_test_sql(found, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), limit=none) }}
    {%- endcall -%}
    {%- set keeps = load_result('main').table.rows[0]['failures'] -%}
    {%- if keeps -%}
        {%- call statement('keep') -%}create or replace table {{ kept }} using iceberg as {{ found }}{%- endcall -%}
    {%- elif load_cached_relation(this) is not none -%}
        {%- do adapter.drop_relation(kept) -%}
    {%- endif -%}
    {{ return({'relations': [kept] if keeps else []}) }}
{%- endmaterialization %}
