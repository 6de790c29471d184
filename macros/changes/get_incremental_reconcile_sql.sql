{# Incremental strategy `reconcile`: makes the target equal to the model's rows by writing only the rows
   that differ. Rows of the target that the model no longer returns are deleted: within the touched keys
   when the build is scoped, in the whole table otherwise. The table itself is never replaced, so readers,
   views above it, grants and policies notice nothing. _insertion and _changement are set here,
   to the number of the change that first and last wrote the row, and do not count as a difference.
   What a row was in the columns of former_columns is kept when it changes them or goes. #}
{% macro get_incremental_reconcile_sql(arg_dict) -%}
{%- set target_table = arg_dict['target_relation'] -%}
{%- set computed = arg_dict['temp_relation'] -%}
{%- set keys = arg_dict['unique_key'] -%}
{%- set columns = arg_dict['dest_columns'] | map(attribute='name') | list -%}
{%- set stamps = columns | select('in', ['_insertion', '_changement']) | list -%}
{%- set compared = columns | reject('in', keys + stamps) | list -%}
{%- set scope_keys = scope_of(model) -%}
{%- set former = former_columns(model) -%}
{%- set written = this.identifier ~ '__written' -%}

analyze {{ computed }};

create temporary table {{ written }} on commit drop as
select
    {% for column in keys + compared -%}
    computed.{{ column }},
    {% endfor -%}
    target.{{ keys[0] }} is null as is_new
from {{ computed }} as computed
left join {{ target_table }} as target on {{ same_keys('computed', 'target', keys) }}
where
    target.{{ keys[0] }} is null
    or ({{ prefixed('computed', compared) }}) is distinct from ({{ prefixed('target', compared) }});

create temporary table {{ written }}_gone on commit drop as
select {{ prefixed('target', keys) }}
from {{ target_table }} as target
where
    not exists (
        select 1 from {{ computed }} as computed where {{ same_keys('computed', 'target', keys) }}
    )
    {%- if scope_table() in model['compiled_code'] %}
    {#- Asked of the compiled query: by now the pre-hook has recorded a progress. #}
    and ({{ prefixed('target', scope_keys) }}) in (select * from {{ scope_table() }})
    {%- endif %};

create temporary table {{ written }}_rows (one smallint) on commit drop;

analyze {{ written }};
analyze {{ written }}_gone;

{{ number_change(relation_name(target_table), [written, written ~ '_gone']) }}

with number as (

    select max(numero) as numero from {{ meta_schema() }}.changements

),

deleted as (

    delete from {{ target_table }} as target
    using {{ written }}_gone as gone
    where {{ same_keys('gone', 'target', keys) }}
    returning 1

),

updated as (

    update {{ target_table }} as target
    set
        {% for column in compared -%}
        {{ column }} = written.{{ column }},
        {% endfor -%}
        _changement = number.numero
    from {{ written }} as written, number
    where not written.is_new and {{ same_keys('written', 'target', keys) }}
    returning 1

),

inserted as (

    insert into {{ target_table }} ({{ (keys + compared + stamps) | join(', ') }})
    select {{ prefixed('written', keys + compared) }}{% for stamp in stamps %}, number.numero{% endfor %}
    from {{ written }} as written, number
    where written.is_new
    order by {{ prefixed('written', keys) }}
    returning 1

)
{%- if former %},

kept as (

    insert into {{ former_rows(this.identifier) }} ({{ former | join(', ') }}, _changement)
    select {{ prefixed('target', former) }}, number.numero
    from {{ target_table }} as target
    inner join {{ written }} as written on {{ same_keys('written', 'target', keys) }}
    cross join number
    where ({{ prefixed('target', former) }}) is distinct from ({{ prefixed('written', former) }})
    union all
    select {{ prefixed('target', former) }}, number.numero
    from {{ target_table }} as target
    inner join {{ written }}_gone as gone on {{ same_keys('gone', 'target', keys) }}
    cross join number
    returning 1

)
{%- endif %}

{#- Into a table: the rows counted need not travel. #}
insert into {{ written }}_rows
select 1 from deleted
union all
select 1 from updated
union all
select 1 from inserted
{%- endmacro %}

{# Takes the next number of dwh_meta.changements if one of the tables has a row. The lock is held to the
   end of the transaction, so that numbers become visible in their order and a reader who has seen one
   has seen all before it. #}
{% macro number_change(name, tables) -%}
{%- set something -%}
{% for table in tables %}exists (select 1 from {{ table }}){{ ' or ' if not loop.last }}{% endfor %}
{%- endset -%}
select 1 from {{ meta_schema() }}.verrous where nom = 'changements' and ({{ something }}) for update;

insert into {{ meta_schema() }}.changements (relation)
select '{{ name }}'
where {{ something }};
{%- endmacro %}

{% macro same_keys(left, right, keys) -%}
{% for key in keys %}{{ left }}.{{ key }} = {{ right }}.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
{%- endmacro %}

{% macro prefixed(relation, columns) -%}
{% for column in columns %}{{ relation }}.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
{%- endmacro %}
