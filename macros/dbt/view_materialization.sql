{# A view whose SQL has not changed is left alone. dbt's own drops and renames it on every run: what
   analysts built on it vanishes, and a reader in a long transaction holds up the night. #}
{% materialization view, adapter='postgres' -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set view = this.incorporate(type='view') -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if existing is not none and existing.is_view and has_definition(view, 'vue', sql) -%}
        {#- A statement opens the transaction that the end commits. -#}
        {%- call statement('unchanged') -%}select 1{%- endcall -%}
        {%- call noop_statement('main', 'VIEW UNCHANGED') -%}{{ sql }}{%- endcall -%}
    {%- else -%}
        {%- if existing is not none and not existing.is_view -%}
            {%- do adapter.drop_relation(existing) -%}
        {%- endif -%}
        {%- call statement('main') -%}
            {% if not is_replaceable(view, sql) %}drop view if exists {{ view }} cascade;{% endif %}
            create or replace view {{ view }} as (
                {{ sql }}
            )
        {%- endcall -%}
        {%- do record_definition(view, 'vue', sql) -%}
    {%- endif -%}
    {%- do apply_grants(view, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=True)) -%}
    {%- do persist_docs(view, model) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [view]}) }}
{%- endmaterialization %}

{# PostgreSQL can replace a view in place when its columns stay and new ones come last. #}
{% macro is_replaceable(view, sql) -%}
    {%- if not has_relation(view) -%}
        {{ return(true) }}
    {%- endif -%}
    {%- set present = get_column_schema_from_query('select * from ' ~ view.render()) -%}
    {%- set wanted = get_column_schema_from_query(sql) -%}
    {{ return(present == wanted[: present | length]) }}
{%- endmacro %}

{% macro has_relation(relation) -%}
    {{ return(run_query("select to_regclass('" ~ relation.render() ~ "')").rows[0][0] is not none) }}
{%- endmacro %}
