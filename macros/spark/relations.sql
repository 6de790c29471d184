{# dbt's own asks for all with SHOW TABLE EXTENDED, which Iceberg refuses, and then describes each. #}
{% macro spark__list_relations_without_caching(relation) -%}
    {%- set schema = relation.without_identifier() -%}
    {%- set relations = [] -%}
    {%- for kind, information in [('tables', 'Provider: iceberg'), ('views', 'Type: VIEW')] -%}
        {%- call statement(kind, fetch_result=True) -%}show {{ kind }} in {{ schema }}{%- endcall -%}
        {%- for row in load_result(kind).table.rows if not row[2] -%}
            {%- do relations.append([row[0], row[1], row[2], information]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(relations) }}
{%- endmacro %}

{# Whether the relation was last made with these columns, descriptions or SQL. #}
{% macro spark__has_definition(relation, kind, content) -%}
    {%- if load_cached_relation(relation) is none -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set known = run_query("show tblproperties " ~ relation ~ " ('" ~ definition_property(kind) ~ "')") -%}
    {{ return(known.rows[0][1] == local_md5(content)) }}
{%- endmacro %}

{% macro definition_property(kind) -%}
    sigeti_dwh.{{ kind }}
{%- endmacro %}

{# The clause by which a relation says what it was made with. #}
{% macro with_definition(kind, content) -%}
    tblproperties ('{{ definition_property(kind) }}' = '{{ local_md5(content) }}')
{%- endmacro %}

{# The columns of a model with their descriptions, of a table also with the types of its contract and what may
   not be null: a primary key is no more than that there. #}
{% macro described_columns(node, of_table=true) -%}
    {%- set filled = promised_columns(node) + (node.config.unique_key or []) -%}
    {%- for name, column in node.columns.items() %}
    {{ name }}
    {%- if of_table %} {{ spark_type(column.data_type) }}{{ ' not null' if name in filled }}{% endif %} comment {{ spark_text(column.description) }}
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# Contracts name types as PostgreSQL does. #}
{% macro spark_type(type) -%}
    {{ return({
        'text': 'string',
        'jsonb': 'string',
        'double precision': 'double',
        'timestamp with time zone': 'timestamp',
        'timestamptz': 'timestamp',
    }.get(type, type)) }}
{%- endmacro %}

{% macro spark_text(text) -%}
    '{{ text | replace('\\', '\\\\') | replace("'", "\\'") }}'
{%- endmacro %}
