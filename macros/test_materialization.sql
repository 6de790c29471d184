{# A test keeps its rows only when it finds some. dbt's own drops and makes a table for each test of each
   night: most of what a passing test costs, and the catalogue's dead rows. #}
{% materialization test, adapter='postgres' -%}
    {%- if not should_store_failures() -%}
        {{ return(dbt.materialization_test_default()) }}
    {%- endif -%}
    {%- set kept = this.incorporate(type='table') -%}
    {%- set former = load_cached_relation(this) -%}
    {%- if former is not none -%}
        {%- do adapter.drop_relation(former) -%}
    {%- endif -%}
    {%- set found = get_limit_subquery_sql(sql, config.get('limit')) -%}
    {%- call statement('main', fetch_result=True) -%}
        {{ get_test_sql(found, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), limit=none) }}
    {%- endcall -%}
    {%- set keeps = load_result('main').table.rows[0]['failures'] -%}
    {%- if keeps -%}
        {%- call statement('keep') -%}{{ get_create_sql(kept, found) }}{%- endcall -%}
        {%- do run_query(protect(kept)) -%}
    {%- endif -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [kept] if keeps else []}) }}
{%- endmaterialization %}
