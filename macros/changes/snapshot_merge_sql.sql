{# dbt's own, and the keys of all that is written, by which others follow the snapshot. A version that ends
   by a delete has no key in `source`. #}
{% macro postgres__snapshot_merge_sql(target, source, insert_cols) -%}
{%- set keys = scope_of(model) -%}
{{ number_change(relation_name(this), [source]) }}

insert into {{ former_rows(this.identifier) }} ({{ keys | join(', ') }}, _changement)
select {{ keys | join(', ') }}, (select max(numero) from {{ meta_schema() }}.changements)
from (
    select {{ keys | join(', ') }} from {{ source }} where dbt_change_type = 'insert'
    union
    select {{ prefixed('known', keys) }}
    from {{ target }} as known
    inner join {{ source }} as ending on known.dbt_scd_id = ending.dbt_scd_id
) as written;

{{ dbt.postgres__snapshot_merge_sql(target, source, insert_cols) }}
{%- endmacro %}
