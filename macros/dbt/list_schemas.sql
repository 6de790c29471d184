{# What dbt asks the database first in each command that builds or tests: here it is refused a warehouse
   that is not this one's, and a source of which it would see a part. #}
{% macro postgres__list_schemas(database) -%}
    {%- do require_prefix() -%}
    {%- if target.name == 'direct_source' -%}
        {%- do require_all_rows() -%}
    {%- endif -%}
    {{ return(dbt.postgres__list_schemas(database)) }}
{%- endmacro %}

{# As sigeti_dwh/warehouse/meta.py does, without taking up a warehouse that does not say its prefix. #}
{% macro require_prefix() -%}
    {%- set known = "to_regclass('" ~ meta_schema() ~ ".entrepot')" -%}
    {%- if run_query("select " ~ known).rows[0][0] is not none -%}
        {%- for row in run_query("select prefixe from " ~ meta_schema() ~ ".entrepot").rows if row[0] != target.schema -%}
            {%- do exceptions.raise_compiler_error(
                "The database " ~ target.dbname ~ " holds the warehouse of prefix " ~ row[0] ~ ", DWH_DB_SCHEMA is "
                ~ target.schema ~ ": they would share their records.\nSet DWH_DB_SCHEMA=" ~ row[0]
                ~ ", or another DWH_DB_NAME."
            ) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{# As sigeti_dwh/load/source_check.py does. #}
{% macro require_all_rows() -%}
    {%- set names, schemas = [], [] -%}
    {%- for source in graph.sources.values() if source.source_name == 'sigeti' -%}
        {%- do names.append(source.identifier) -%}
        {%- do schemas.append(source.schema) -%}
    {%- endfor -%}
    {%- set filtered = run_query(
        "select string_agg(format('%s.%s', relnamespace::regnamespace, relname), ', ') from pg_class "
        ~ "where relnamespace = to_regnamespace('" ~ schemas[0] ~ "') and relname in ('" ~ names | join("', '") ~ "') "
        ~ "and row_security_active(oid)"
    ).rows[0][0] -%}
    {%- if filtered is not none -%}
        {%- do exceptions.raise_compiler_error(
            "Row-level security hides rows of " ~ filtered ~ " from the user " ~ target.user ~ ".\n"
            ~ "As a superuser: ALTER ROLE \"" ~ target.user ~ "\" BYPASSRLS;"
        ) -%}
    {%- endif -%}
{%- endmacro %}
