{# Pre-hook of a scoped model: the touched keys into a temporary table, and the progress that this build
   will have made. The progress is read before the keys: a change that commits in between is seen twice,
   never missed. Both belong to the build's transaction. #}
{% macro prepare_scope(touched, key) -%}
    {{ return(adapter.dispatch('prepare_scope', 'sigeti_dwh')(touched, key)) }}
{%- endmacro %}

{% macro postgres__prepare_scope(touched, key) -%}
{%- set processed = processed_change() -%}
create temporary table {{ scope_table() }} on commit drop as
select {{ key }}
from {{ touched }}
where false;

with atteint as (

    select coalesce(max(numero), 0) as numero from {{ meta_schema() }}.changements

)

insert into {{ meta_schema() }}.avancement as connu (relation, changement, empreinte)
select
    '{{ relation_name(this) }}',
    numero,
    '{{ model_fingerprint() }}'
from atteint
on conflict (relation) do update
    set
        changement = excluded.changement,
        empreinte = excluded.empreinte,
        fait_le = current_timestamp
    where
        (connu.changement, connu.empreinte)
        is distinct from (excluded.changement, excluded.empreinte);

{% if processed is not none -%}
insert into {{ scope_table() }}
select distinct {{ key }}
from {{ touched }}
where _changement > {{ processed }} and {{ key }} is not null;

analyze {{ scope_table() }};
{%- endif %}
{%- endmacro %}

{% macro scope_table() -%}
    {{ this.identifier }}__touched
{%- endmacro %}

{# The condition that limits a model to the touched keys; true when it is not scoped. #}
{% macro in_scope(column) -%}
    {%- if is_scoped() -%}
        {{ column }} in (select * from {{ scope_table() }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
