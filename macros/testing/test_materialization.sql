{# A test keeps its rows only when it finds some. dbt's own drops and makes a table for each test of each
   night: most of what a passing test costs, the catalogue's dead rows, and a night that fails while
   somebody reads what was kept. #}
{% materialization test, adapter='postgres' -%}
    {%- if not should_store_failures() -%}
        {{ return(dbt.materialization_test_default()) }}
    {%- endif -%}
    {%- set kept = this.incorporate(type='table') -%}
    {%- set former = load_cached_relation(this) -%}
    {%- set found = get_limit_subquery_sql(sql, config.get('limit')) -%}
    {%- call statement('main', fetch_result=True) -%}
        {{ get_test_sql(found, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), limit=none) }}
    {%- endcall -%}
    {%- set keeps = load_result('main').table.rows[0]['failures'] -%}
    {%- set stays = former is not none and keeps and has_columns_of(former, found) -%}
    {%- if stays -%}
        {%- call statement('forget') -%}delete from {{ kept }}{%- endcall -%}
        {%- call statement('keep') -%}insert into {{ kept }} {{ found }}{%- endcall -%}
    {%- elif keeps -%}
        {%- if former is not none -%}
            {%- do run_query("set local lock_timeout = '2s'") -%}
            {%- do adapter.drop_relation(former) -%}
        {%- endif -%}
        {%- call statement('keep') -%}{{ get_create_sql(kept, found) }}{%- endcall -%}
    {%- elif former is not none -%}
        {%- call statement('forget') -%}{{ drop_or_empty(former) }}{%- endcall -%}
    {%- endif -%}
    {%- if keeps -%}
        {%- do run_query(protect(kept)) -%}
    {%- endif -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [kept] if keeps else []}) }}
{%- endmaterialization %}

{# A table that somebody reads, or has built a view on, stays without its rows. #}
{% macro drop_or_empty(relation) -%}
do $$
begin
    lock table {{ relation }} in access exclusive mode nowait;
    drop {{ relation.type }} {{ relation }};
exception
    when lock_not_available or dependent_objects_still_exist then
        delete from {{ relation }};
end
$$
{%- endmacro %}

{% macro has_columns_of(relation, sql) -%}
    {{ return(
        relation.is_table
        and get_column_schema_from_query('select * from ' ~ relation) == get_column_schema_from_query(sql)
    ) }}
{%- endmacro %}
