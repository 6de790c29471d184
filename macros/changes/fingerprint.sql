{# Changes with the SQL of a model and of the views that it reads, with the macros and the variables that
   these use, with its declaration and with the days that have a key. Tables above it number their own
   changes. #}
{% macro model_fingerprint() -%}
    {%- set parts = [
        calendar_start(), calendar_end(), tojson(model.config.get('touched_by')),
        tojson(model.config.get('touched_when_due')), tojson(scope_of(model))
    ] -%}
    {%- set macros = [] -%}
    {%- do add_macros(macros, ['macro.sigeti_dwh.follow_changes', 'macro.sigeti_dwh.get_incremental_reconcile_sql']) -%}
    {%- do add_code(parts, macros, model) -%}
    {%- for name in macros -%}
        {%- do parts.append(context['sigeti_dwh'][name].macro.macro_sql) -%}
    {%- endfor -%}
    {%- for name in modules.re.findall("\\bvar\\(['\"](\\w+)", parts | join) | unique if name != 'date_reference' -%}
        {%- do parts.append(name ~ '=' ~ var(name)) -%}
    {%- endfor -%}
    {{ return(local_md5(parts | sort | join)) }}
{%- endmacro %}

{% macro add_code(parts, macros, node) -%}
    {%- do parts.append(node.raw_code ~ node.config.get('check_cols')) -%}
    {#- Not its depends_on: that grows by what a branch calls while it compiles. -#}
    {%- for name in context['sigeti_dwh'] if name ~ '(' in node.raw_code -%}
        {%- do add_macros(macros, ['macro.sigeti_dwh.' ~ name]) -%}
    {%- endfor -%}
    {%- for id in node.depends_on.nodes if id in graph.nodes and graph.nodes[id].config.materialized == 'view' -%}
        {%- do add_code(parts, macros, graph.nodes[id]) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro add_macros(macros, ids) -%}
    {%- for id in ids -%}
        {%- set package, name = id.split('.')[1:] -%}
        {%- if package == 'sigeti_dwh' and name not in macros -%}
            {%- do macros.append(name) -%}
            {%- do add_macros(macros, context['sigeti_dwh'][name].macro.depends_on.macros) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{# SQL of what a build's progress is valid for: the fingerprint, and the very tables that were followed. One
   that was dropped and made again has forgotten changes. #}
{% macro progress_identity() -%}
    {%- set relations = [] -%}
    {%- for touch in touches_of(model) -%}
        {%- if followed_columns(touch['parent']) -%}
            {%- do relations.extend(tracked_tables(touch['parent'])) -%}
        {%- else -%}
            {%- do relations.extend([touch['parent'].relation_name, former_rows(touch['parent'].alias)]) -%}
        {%- endif -%}
    {%- endfor -%}
    md5('{{ model_fingerprint() }}' || (
        select string_agg(coalesce(to_regclass(name)::oid::text, ''), ' ' order by name)
        from unnest(array['{{ relations | unique | join("', '") }}']) as name
    ))
{%- endmacro %}
