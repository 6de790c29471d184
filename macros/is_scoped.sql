{# Whether this build is limited to the keys that changes have touched. A full refresh, a first build, a
   table whose progress is unknown or that has a new column, changed SQL here or above, another calendar,
   and a command that only compiles or shows, compute every row. #}
{% macro is_scoped() -%}
    {{ return(progress_made() is not none) }}
{%- endmacro %}

{# The change and the day of reference up to which the table was made, or none. Of a snapshot, whose
   unique key is its scope's, up to which it has observed. #}
{% macro progress_made() -%}
    {%- set has_scope = model.resource_type == 'snapshot' or (config.get('scope_keys') and is_incremental()) -%}
    {%- set writes = flags.WHICH in ('build', 'run', 'snapshot') -%}
    {%- if not has_scope or not execute or not writes or flags.FULL_REFRESH -%}
        {{ return(none) }}
    {%- endif -%}
    {#- One query: adapter.get_columns_in_relation costs dbt more than the rest of this macro. -#}
    {%- set progress = run_query(
        "select changement, date_reference from " ~ meta_schema() ~ ".avancement where relation = '"
        ~ relation_name(this) ~ "' and empreinte = '" ~ model_fingerprint()
        ~ "' and array['" ~ model.columns | join("', '") ~ "'] <@ array(select cast(attname as text) "
        ~ "from pg_attribute where attrelid = to_regclass('" ~ this.render() ~ "') and not attisdropped)"
    ) -%}
    {{ return(progress.rows[0] if progress.rows else none) }}
{%- endmacro %}

{# Without the database: a warehouse that is renamed, copied or restored keeps its records. #}
{% macro relation_name(relation) -%}
    {{ relation.schema }}.{{ relation.identifier }}
{%- endmacro %}

{# Changes with the SQL of the model and of those above it, with any macro, with the variables that the
   model names in its meta, and with the days that have a key; not with what the monitor demands. #}
{% macro model_fingerprint() -%}
    {%- set parts = [tojson(dict(model.config.meta, monitor=none)), calendar_start(), calendar_end()] -%}
    {%- do add_code(parts, model) -%}
    {%- for name, macro in context['sigeti_dwh'].items() if not name.startswith('test_') -%}
        {%- do parts.append(macro.macro.macro_sql) -%}
    {%- endfor -%}
    {{ return(local_md5(parts | sort | join)) }}
{%- endmacro %}

{% macro add_code(parts, node) -%}
    {%- if node.raw_code not in parts -%}
        {%- do parts.append(node.raw_code) -%}
        {%- do parts.append(node.config.get('check_cols') | string) -%}
        {%- for id in node.depends_on.nodes if id in graph.nodes -%}
            {%- do add_code(parts, graph.nodes[id]) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
