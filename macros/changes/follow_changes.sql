{# Pre-hook of every dimension, fact, mart and snapshot: the table of its former rows; of one with
   `touched_by` also the progress that this build will have made and, when it is limited to what changed
   since the last, the touched keys in a temporary table. The progress is read before the keys: a change that
   commits in between is seen twice, never missed. Both belong to the build's transaction. #}
{% macro follow_changes() -%}
    {{ return(adapter.dispatch('follow_changes', 'sigeti_dwh')()) }}
{%- endmacro %}

{% macro postgres__follow_changes() -%}
{%- if execute -%}
{%- if config.get('touched_by') -%}{%- do check_touched_by(model) -%}{%- endif -%}
{%- set progress = progress_made() -%}
{%- set forgotten = '' -%}
{%- if progress is none and model.resource_type == 'model' and has_relation(this) -%}
{%- set forgotten = forget_other_key(this, model) | trim -%}
{{ forgotten }}
{{ drop_lost_constraints(this, model) }}
{%- endif -%}
{{ prepare_former_rows(anew=forgotten) }}
{%- if config.get('touched_by') %}
with reached as (

    select coalesce(max(numero), 0) as numero from {{ meta_schema() }}.changements

)

insert into {{ meta_schema() }}.avancement as known (relation, changement, empreinte, date_reference)
select
    '{{ relation_name(this) }}',
    numero,
    {{ progress_identity() }},
    {{ reference_date() if dues_of(model) else 'null' }}
from reached
on conflict (relation) do update
    set
        changement = excluded.changement,
        empreinte = excluded.empreinte,
        date_reference = excluded.date_reference,
        fait_le = current_timestamp
    where
        (known.changement, known.empreinte, known.date_reference)
        is distinct from (excluded.changement, excluded.empreinte, excluded.date_reference);

{% if progress is not none -%}
create temporary table {{ scope_table() }} on commit drop as
select * from (
    {{ touched_keys(model, progress['changement'], progress['date_reference']) }}
) as touches
where {% for key in scope_of(model) %}{{ key }} is not null{{ ' and ' if not loop.last }}{% endfor %};

analyze {{ scope_table() }};
{%- endif -%}
{%- endif -%}
{%- endif -%}
{%- endmacro %}

{# The change and the day of reference up to which the table was made, none when every row must be computed:
   in a full refresh, a first build, after a new column, changed SQL or another calendar, when a relation that
   it follows was made again or lacks what it kept, and by a command that only compiles or shows. #}
{% macro progress_made() -%}
    {{ return(adapter.dispatch('progress_made', 'sigeti_dwh')()) }}
{%- endmacro %}

{% macro postgres__progress_made() -%}
    {%- set follows = config.get('touched_by') and (model.resource_type == 'snapshot' or is_incremental()) -%}
    {%- set writes = flags.WHICH in ('build', 'run', 'snapshot') -%}
    {%- if not follows or not execute or not writes or flags.FULL_REFRESH -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set needed = [] -%}
    {%- for column in model.columns -%}
        {%- do needed.append("('" ~ this.render() ~ "', '" ~ column ~ "')") -%}
    {%- endfor -%}
    {%- for touch in touches_of(model) if not followed_columns(touch['parent']) -%}
        {%- for expression in touch['columns'].values() -%}
            {%- for column in names_in(expression) -%}
                {%- do needed.append("('" ~ former_rows(touch['parent'].alias) ~ "', '" ~ column ~ "')") -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {#- One query: adapter.get_columns_in_relation costs dbt more than the rest of this macro. -#}
    {%- set progress = run_query(
        "select changement, date_reference from " ~ meta_schema() ~ ".avancement where relation = '"
        ~ relation_name(this) ~ "' and empreinte = " ~ progress_identity()
        ~ " and not exists (select from (values " ~ needed | unique | join(', ')
        ~ ") as needed (relation, name) where not exists (select from pg_attribute where "
        ~ "attrelid = to_regclass(relation) and attname = name and not attisdropped))"
    ) -%}
    {{ return(progress.rows[0] if progress.rows else none) }}
{%- endmacro %}

{# Whether this build is limited to the keys that changes have touched. #}
{% macro is_scoped() -%}
    {{ return(progress_made() is not none) }}
{%- endmacro %}

{# The condition that limits a model whose scope is one column to the touched keys; true when it is not
   scoped. One of several columns joins scope_table. A model that does neither is computed whole: right, and
   dear. #}
{% macro in_scope(column) -%}
    {%- if is_scoped() -%}
        {{ column }} in (select * from {{ scope_table() }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{# The same of a model whose scope is two columns, for the part of it where the first has a value. #}
{% macro in_part_of_scope(part, column) -%}
    {%- if is_scoped() -%}
        {%- set keys = scope_of(model) -%}
        {{ column }} in (select {{ keys[1] }} from {{ scope_table() }} where {{ keys[0] }} = '{{ part }}')
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{% macro scope_table() -%}
    {{ this.identifier }}__touched
{%- endmacro %}

{# Without the database: a warehouse that is renamed keeps its records. #}
{% macro relation_name(relation) -%}
    {{ relation.schema }}.{{ relation.identifier }}
{%- endmacro %}
