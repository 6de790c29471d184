{# Whether the relation, as it exists now, was last given this content (the SQL of a view, descriptions). #}
{% macro has_definition(relation, kind, content) -%}
    {{ return(adapter.dispatch('has_definition', 'sigeti_dwh')(relation, kind, content)) }}
{%- endmacro %}

{% macro postgres__has_definition(relation, kind, content) -%}
    {%- set known = run_query(
        "select 1 from " ~ meta_schema() ~ ".definitions where relation = '" ~ relation_name(relation)
        ~ "' and sorte = '" ~ kind ~ "' and empreinte = '" ~ local_md5(content)
        ~ "' and identifiant = to_regclass('" ~ relation.render() ~ "')::oid"
    ) -%}
    {{ return(known.rows | length > 0) }}
{%- endmacro %}

{# Records that the relation was given this content. #}
{% macro record_definition(relation, kind, content) -%}
    {%- do run_query(
        "insert into " ~ meta_schema() ~ ".definitions (relation, sorte, identifiant, empreinte) values ('"
        ~ relation_name(relation) ~ "', '" ~ kind ~ "', to_regclass('" ~ relation.render() ~ "')::oid, '"
        ~ local_md5(content) ~ "') on conflict (relation, sorte) do update "
        ~ "set identifiant = excluded.identifiant, empreinte = excluded.empreinte"
    ) -%}
{%- endmacro %}
