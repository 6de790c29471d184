{# Publishes what the models above it hold by one commit to one table: a reader sees the last good night or the
   new one, of every mart. Each prepared mart has two tags of its snapshots, and the table says from when to
   when which of them is published: one is moved to the new rows, and is it from a moment to come on. A query
   has one moment, but may read the table once for each mart, before and after the commit: both say the same of
   its moment. A published mart is a view of both tags, and Spark does not read the half that is not published.
   A mart whose columns have changed is published alone, before the others. #}
{% materialization publication, adapter='spark' -%}
    {{ run_hooks(pre_hooks) }}
    {%- set said = this.incorporate(type='view') -%}
    {%- set periods = api.Relation.create(schema=this.schema, identifier=this.identifier ~ '__periodes', type='table') -%}
    {#- Longer than the commit takes, which waits for an executor; it is told when it was not. -#}
    {%- set in_time = 'interval 10 seconds' -%}
    {%- if flags.WHICH == 'build' -%}
        {%- call statement('create') -%}
            create table if not exists {{ periods }} (
                {{ described_columns(model) }},
                etiquette string not null,
                depuis timestamp not null,
                jusqua timestamp not null
            ) using iceberg
        {%- endcall -%}
        {%- set published = run_query("select max_by(etiquette, depuis) from " ~ periods).rows[0][0] -%}
        {%- set next = 'publie_b' if published == 'publie_a' else 'publie_a' -%}
        {%- for mart in published_marts() -%}
            {%- do tag_and_show(mart, next, periods) -%}
        {%- endfor -%}
        {%- call statement('main') -%}
            insert overwrite {{ periods }}
            select
                {{ model.columns | join(', ') }},
                '{{ next }}' as etiquette,
                current_timestamp() + {{ in_time if published else 'interval 0 seconds' }} as depuis,
                timestamp'9999-12-31 00:00:00' as jusqua
            from ({{ sql }}) as said
            union all
            select
                {{ model.columns | join(', ') }},
                etiquette,
                depuis,
                current_timestamp() + {{ in_time }} as jusqua
            from {{ periods }}
            where etiquette = '{{ published }}'
        {%- endcall -%}
        {%- set last_commit = "select max(committed_at) from " ~ periods ~ ".snapshots" -%}
        {%- if published and run_query("select max(depuis) < (" ~ last_commit ~ ") from " ~ periods).rows[0][0] -%}
            {%- do exceptions.warn('The publication was committed later than ' ~ in_time ~ ': who read meanwhile may have seen some marts before others.') -%}
        {%- endif -%}
        {%- call statement('say') -%}
            create or replace view {{ said }} ({{ described_columns(model, of_table=false) }})
            comment {{ spark_text(model.description) }}
            as select {{ model.columns | join(', ') }} from {{ periods }} where {{ is_published() }}
        {%- endcall -%}
        {%- set wait = namespace(goes_on=true) -%}
        {%- for _ in range(1000) if wait.goes_on -%}
            {%- set wait.goes_on = not run_query("select max(depuis) <= current_timestamp() from " ~ periods).rows[0][0] -%}
        {%- endfor -%}
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
{% macro tag_and_show(mart, next, periods) -%}
    {%- set shown -%}
        {{ described_columns(mart.node, of_table=false) }},
        charge_le comment 'Date et heure de publication de la ligne.'
    {%- endset -%}
    {%- set query -%}
        {%- for tag in ['publie_a', 'publie_b'] %}
        select {{ prefixed('prepared', mart.node.columns) }}, said.publie_le as charge_le
        from {{ mart.prepared }} version as of '{{ tag }}' as prepared
        cross join (
            select publie_le from {{ periods }}
            where mart = '{{ mart.published.identifier }}' and etiquette = '{{ tag }}' and {{ is_published() }}
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

{% macro is_published() -%}
    depuis <= current_timestamp() and current_timestamp() < jusqua
{%- endmacro %}
