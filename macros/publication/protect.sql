{# Post-hook, in the transaction that makes a table: the roles' rights on it, and the policy on its rows.
   Does nothing on a server without the roles. See docs/roles.md. #}
{% macro protect(relation) -%}
    {{ return(adapter.dispatch('protect', 'sigeti_dwh')(relation)) }}
{%- endmacro %}

{% macro postgres__protect(relation) -%}
    select {{ meta_schema() }}.proteger('{{ relation.include(database=false) }}')
{%- endmacro %}

{# Post-hook of the publication: the same for every relation of the warehouse. #}
{% macro protect_all() -%}
    {{ return(adapter.dispatch('protect_all', 'sigeti_dwh')()) }}
{%- endmacro %}

{% macro postgres__protect_all() -%}
    select {{ meta_schema() }}.proteger_tout('{{ target.schema }}')
{%- endmacro %}
