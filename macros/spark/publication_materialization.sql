{# Publishes what the models above it hold by one commit to one table, the pointer: a reader sees the last good
   night or the new one, of every mart. Each prepared mart has two tags of its snapshots, of which the pointer
   names the one that is published: the other is moved to the new rows, then the pointer to it. A published
   mart is a view of both, and Spark does not read the half that the pointer does not name. A mart whose
   columns have changed is published alone, before the others. #}
{% materialization publication, adapter='spark' -%}
    {{ run_hooks(pre_hooks) }}
    {%- set said = this.incorporate(type='view') -%}
    {%- set pointer = api.Relation.create(schema=this.schema, identifier=this.identifier ~ '__pointeur', type='table') -%}
    {%- if flags.WHICH == 'build' -%}
        {%- call statement('create') -%}
            create table if not exists {{ pointer }} ({{ described_columns(model) }}, etiquette string not null) using iceberg
        {%- endcall -%}
        {%- set published = run_query("select max(etiquette) from " ~ pointer).rows[0][0] -%}
        {%- set next = 'publie_b' if published == 'publie_a' else 'publie_a' -%}
        {%- for mart in published_marts() -%}
            {%- do tag_and_show(mart, next, pointer) -%}
        {%- endfor -%}
        {%- call statement('main') -%}
            insert overwrite {{ pointer }}
            select {{ model.columns | join(', ') }}, '{{ next }}' as etiquette
            from ({{ sql }}) as said
        {%- endcall -%}
        {%- call statement('say') -%}
            create or replace view {{ said }} ({{ described_columns(model, of_table=false) }})
            comment {{ spark_text(model.description) }}
            as select {{ model.columns | join(', ') }} from {{ pointer }}
        {%- endcall -%}
    {%- else -%}
        {#- Nothing is published that its tests have not passed. -#}
        {%- call noop_statement('main', 'NOT PUBLISHED: dbt build tests what it builds') -%}{{ sql }}{%- endcall -%}
        {%- do log('Not published: dbt ' ~ flags.WHICH ~ ' does not test what it builds, dbt build does.', info=true) -%}
    {%- endif -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [said]}) }}
{%- endmaterialization %}

{# Moves a tag of a prepared mart to its rows of this night. A view that is new, or has other columns, begins
   with both tags there. #}
{% macro tag_and_show(mart, next, pointer) -%}
    {%- set shown -%}
        {{ described_columns(mart.node, of_table=false) }},
        charge_le comment 'Date et heure de publication de la ligne.'
    {%- endset -%}
    {%- set query -%}
        {%- for tag in ['publie_a', 'publie_b'] %}
        select {{ prefixed('prepared', mart.node.columns) }}, said.publie_le as charge_le
        from {{ mart.prepared }} version as of '{{ tag }}' as prepared
        cross join (
            select publie_le from {{ pointer }}
            where mart = '{{ mart.published.identifier }}' and etiquette = '{{ tag }}'
        ) as said
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    {%- endset -%}
    {%- set is_shown = has_definition(mart.published, 'vue', shown ~ query) -%}
    {%- for tag in ([next] if is_shown else ['publie_a', 'publie_b']) -%}
        {%- call statement('tag') -%}alter table {{ mart.prepared }} create or replace tag {{ tag }}{%- endcall -%}
    {%- endfor -%}
    {%- if not is_shown -%}
        {%- call statement('show') -%}
            create or replace view {{ mart.published }} ({{ shown }})
            comment {{ spark_text(mart.node.description) }}
            {{ with_definition('vue', shown ~ query) }}
            as {{ query }}
        {%- endcall -%}
    {%- endif -%}
{%- endmacro %}
