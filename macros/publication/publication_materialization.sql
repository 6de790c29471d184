{# Publishes what the models above it hold, all in one transaction: a reader sees the last good night or the
   new one, of every mart. Only rows that differ are written, into tables that are never replaced: readers,
   views above them, grants and policies notice nothing else. A model's own rows, those of its `sql`, say
   what is published. See docs/decisions/publication.md. #}
{% materialization publication, adapter='postgres' -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {%- set marts = published_marts() -%}
    {%- set missing = [] -%}
    {%- for mart in marts if not has_relation(mart.published) -%}{%- do missing.append(mart) -%}{%- endfor -%}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if flags.WHICH == 'build' -%}
        {%- call statement('main') -%}
            {{ create_published(missing) }}
            {{ publish(marts, missing) }}
            {{ say_what_is_published(sql) }}
            insert into publication__written select 1 from publication__rows;
        {%- endcall -%}
        {%- for mart in marts -%}
            {%- do persist_docs(mart.published, mart.node) -%}
        {%- endfor -%}
        {%- do persist_docs(this.incorporate(type='table'), model) -%}
    {%- else -%}
        {#- Nothing is published that its tests have not passed. -#}
        {%- call noop_statement('main', 'NOT PUBLISHED: dbt build tests what it builds') -%}{{ sql }}{%- endcall -%}
        {%- do log('Not published: dbt ' ~ flags.WHICH ~ ' does not test what it builds, dbt build does.', info=true) -%}
    {%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{%- endmaterialization %}

{# The marts above this model: their node, the prepared relation, the published one, key and columns. dbt
   finds them by what the model reads: one that it does not read would stay as it was, and is refused. #}
{% macro published_marts() -%}
    {%- set marts = [] -%}
    {%- for id, node in graph.nodes.items()
        if node.config.meta.publie_dans is defined and id not in model.depends_on.nodes
        and area_of(node) == area_of(model) -%}
        {{ exceptions.raise_compiler_error(node.name ~ ' has publie_dans, and ' ~ model.original_file_path ~ ' does not read it: add it there.') }}
    {%- endfor -%}
    {%- for id in model.depends_on.nodes if id in graph.nodes -%}
        {%- set node = graph.nodes[id] -%}
        {%- if node.config.meta.publie_dans is defined -%}
            {%- set prepared = api.Relation.create(node.database, node.schema, node.alias, type='table') -%}
            {%- do marts.append({
                'node': node,
                'prepared': prepared,
                'published': api.Relation.create(
                    node.database, generate_schema_name(node.config.meta.publie_dans, node), node.alias, type='table'
                ),
                'keys': node.config.unique_key,
                'sorted_by': node.config.meta.get('publie_trie_par'),
                'columns': adapter.get_columns_in_relation(prepared) | map(attribute='quoted') | list,
            }) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(marts) }}
{%- endmacro %}

{# The optional area of a model, which its own publication publishes; none of SIGETI's. #}
{% macro area_of(node) -%}
    {%- for other in graph.nodes.values()
        if other.config.materialized == 'publication' and other.fqn | length == 4
        and other.fqn[2] in node.fqn -%}
        {{ return(other.fqn[2]) }}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro %}

{% macro create_published(marts) -%}
{% for mart in marts -%}
create schema if not exists {{ mart.published.schema }};
create table {{ mart.published }} (
    like {{ mart.prepared }} including constraints including comments,
    charge_le timestamp with time zone not null,
    primary key ({{ mart['keys'] | join(', ') }})
);
comment on column {{ mart.published }}.charge_le is 'Date et heure de publication de la ligne.';
{% endfor -%}
{%- endmacro %}

{% macro publish(marts, created) -%}
{%- set patience = run_query("show lock_timeout").rows[0][0] -%}
create temporary table publication__rows (one smallint) on commit drop;
create temporary table publication__written (one smallint) on commit drop;
create temporary table publication__reached on commit drop as
select coalesce(max(numero), 0) as numero from {{ meta_schema() }}.changements;
{% for mart in marts -%}
{%- set name = relation_name(mart.published) -%}
{%- set known = run_query(
    "select changement from " ~ meta_schema() ~ ".avancement where relation = '" ~ name ~ "'"
).rows -%}
{%- set touched = mart.published.identifier ~ '__touched' -%}
{%- set columns = mart['columns'] -%}
{%- set present = columns if mart in created else adapter.get_columns_in_relation(mart.published) | map(attribute='quoted') | list -%}
{%- set forgotten = '' if mart in created else forget_other_key(mart.published, mart.node) | trim -%}
{#- A column that was not there is empty in every row, also in those that nothing changes. -#}
{%- set whole = (
    flags.FULL_REFRESH or mart in created or forgotten or columns | reject('in', present) | list | length > 0
) -%}
{%- set since = known[0][0] if known and not whole else none -%}
{%- if mart not in created %}
{# A new column needs the table for itself, and all who come later to read wait behind that. #}
set local lock_timeout = '2s';
    {%- for column in adapter.get_columns_in_relation(mart.prepared) if column.quoted not in present %}
alter table {{ mart.published }} add column {{ column.quoted }} {{ column.data_type }};
    {%- endfor -%}
    {%- if '"charge_le"' not in present %}
alter table {{ mart.published }} add column charge_le timestamp with time zone not null default current_timestamp;
    {%- endif %}
    {%- if forgotten %}
{{ forgotten }}
alter table {{ mart.published }} add primary key ({{ mart['keys'] | join(', ') }});
    {%- endif %}
{{ drop_lost_constraints(mart.published, mart.node, kept=['charge_le']) }}

set local lock_timeout = '{{ patience }}';
{%- endif %}

{%- if mart.sorted_by %}
{# Whoever lists its first rows reads no others: with the zone in it, none of other zones either. #}
{%- set by_zone = '"zone_id"' in columns %}
{%- set index = mart.published.identifier ~ ('__trie_zone' if by_zone else '__trie') %}
create index if not exists {{ index }} on {{ mart.published }} ({{ mart.sorted_by }}{{ ', zone_id' if by_zone }});
{%- if by_zone and mart not in created %}

set local lock_timeout = '2s';
drop index if exists {{ mart.published.schema }}.{{ mart.published.identifier }}__trie;
set local lock_timeout = '{{ patience }}';
{%- endif %}
{%- endif %}

create temporary table {{ touched }} on commit drop as
select {{ mart['keys'] | join(', ') }} from {{ mart.prepared }}
where {{ '_changement > ' ~ since if since is not none else 'false' }}
union
select {{ mart['keys'] | join(', ') }} from {{ former_rows(mart.prepared.identifier) }}
where {{ '_changement > ' ~ since if since is not none else 'false' }};

analyze {{ touched }};

with gone as (

    delete from {{ mart.published }} as published
    {% if since is not none -%}
    using {{ touched }} as touched
    {% endif -%}
    where
        not exists (
            select 1 from {{ mart.prepared }} as prepared
            where {{ same_keys('prepared', 'published', mart['keys']) }}
        )
        {%- if since is not none %}
        and {{ same_keys('touched', 'published', mart['keys']) }}
        {%- endif %}
    returning 1

),

written as (

    insert into {{ mart.published }} as published ({{ columns | join(', ') }}, charge_le)
    select {{ prefixed('prepared', columns) }}, current_timestamp
    from {{ mart.prepared }} as prepared
    {%- if since is not none %}
    inner join {{ touched }} as touched on {{ same_keys('touched', 'prepared', mart['keys']) }}
    {%- endif %}
    on conflict ({{ mart['keys'] | join(', ') }}) do update
    set
        {% for column in columns -%}
        {{ column }} = excluded.{{ column }},
        {% endfor -%}
        charge_le = excluded.charge_le
    where
        ({{ prefixed('published', columns) }})
        is distinct from ({{ prefixed('excluded', columns) }})
    returning 1

)

insert into publication__rows
select 1 from gone
union all
select 1 from written;
{% for column in columns if column not in present and column | replace('"', '') in promised_columns(mart.node) %}
alter table {{ mart.published }} alter column {{ column }} set not null;
{% endfor %}

insert into {{ meta_schema() }}.avancement as connu (relation, changement, empreinte)
select '{{ name }}', numero, 'publication' from publication__reached
on conflict (relation) do update
set changement = excluded.changement, fait_le = current_timestamp
where connu.changement <> excluded.changement;
{% endfor -%}
{%- endmacro %}

{% macro say_what_is_published(sql) -%}
{%- do get_assert_columns_equivalent(sql) %}
create table if not exists {{ this }} as {{ sql }} with no data;
delete from {{ this }};
insert into {{ this }} {{ sql }};
{%- endmacro %}
