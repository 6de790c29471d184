{# dbt's own writes every comment on every run: hundreds of statements and dead catalogue rows a night. #}
{% macro postgres__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- set content = tojson([model.description, model.columns]) -%}
    {%- if not has_definition(relation, 'docs', content) -%}
        {{ default__persist_docs(relation, model, for_relation, for_columns) }}
        {%- do record_definition(relation, 'docs', content) -%}
    {%- endif -%}
{%- endmacro %}
