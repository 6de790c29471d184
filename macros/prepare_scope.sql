{# Pre-hook of a scoped model or snapshot: the progress that this build will have made and, when it is
   limited to what changed since the last, the touched keys in a temporary table. The progress is read
   before the keys: a change that commits in between is seen twice, never missed. Both belong to the
   build's transaction. `touched` has the columns of `keys` and _changement; where the calendar alone
   changes rows, also _echeance, the day after which one does. #}
{% macro prepare_scope(touched, keys, calendar=false) -%}
    {{ return(adapter.dispatch('prepare_scope', 'sigeti_dwh')(touched, keys, calendar)) }}
{%- endmacro %}

{% macro postgres__prepare_scope(touched, keys, calendar) -%}
{%- set progress = progress_made() -%}
{%- set key_list = keys | join(', ') -%}
{%- if progress is none and model.resource_type == 'model' -%}
{{ drop_lost_constraints() }}
{%- endif %}
with atteint as (

    select coalesce(max(numero), 0) as numero from {{ meta_schema() }}.changements

)

insert into {{ meta_schema() }}.avancement as connu (relation, changement, empreinte, date_reference)
select
    '{{ relation_name(this) }}',
    numero,
    '{{ model_fingerprint() }}',
    {{ reference_date() if calendar else 'null' }}
from atteint
on conflict (relation) do update
    set
        changement = excluded.changement,
        empreinte = excluded.empreinte,
        date_reference = excluded.date_reference,
        fait_le = current_timestamp
    where
        (connu.changement, connu.empreinte, connu.date_reference)
        is distinct from (excluded.changement, excluded.empreinte, excluded.date_reference);

{% if progress is not none -%}
create temporary table {{ scope_table() }} on commit drop as
select distinct {{ key_list }}
from {{ touched }} as touches
where
    (
        _changement > {{ progress['changement'] }}
        {%- if calendar %}
        or (
            _echeance >= least(cast('{{ progress["date_reference"] }}' as date), {{ reference_date() }})
            and _echeance < greatest(cast('{{ progress["date_reference"] }}' as date), {{ reference_date() }})
        )
        {%- endif %}
    )
    {%- for key in keys %} and {{ key }} is not null{% endfor %};

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

