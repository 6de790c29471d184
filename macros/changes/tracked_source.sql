{# Name in staging → name at the source, of the keys and links that the load follows; none of other nodes. #}
{% macro followed_columns(node) -%}
    {%- set source = tracked_source(node) -%}
    {%- if source -%}
        {%- set names = {} -%}
        {%- for part in [source.config.meta.key, source.config.meta.get('links', {})] -%}
            {%- for column, name in part.items() -%}{%- do names.update({name: column}) -%}{%- endfor -%}
        {%- endfor -%}
        {{ return(names) }}
    {%- endif -%}
{%- endmacro %}

{% macro tracked_source(node) -%}
    {%- for id in node.depends_on.nodes if node.config.materialized == 'view' and id in graph.sources -%}
        {%- if graph.sources[id].source_name in ['sigeti', 'sigeti_optional'] -%}
            {{ return(graph.sources[id]) }}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{# In one database the source's tables are read where they are, but those that it may lack. #}
{% macro is_copied(source) -%}
    {{ return(target.name != 'direct_source' or source.source_name == 'sigeti_optional') }}
{%- endmacro %}

{# Where the load numbers the changes of a source table: its copy, or beside the source its keys alone, and
   the links that its rows used to have. #}
{% macro tracked_tables(node) -%}
    {%- set source = tracked_source(node) -%}
    {%- set table = source.relation_name if is_copied(source) else ('dwh_suivi.' ~ source.identifier) -%}
    {%- set table = table | replace('"', '') -%}
    {{ return([table] + ([table ~ '__anciens_liens'] if source.config.meta.get('links') else [])) }}
{%- endmacro %}
