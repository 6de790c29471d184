{# The numbers with which a first build stamps its rows: those of the latest change, so that what follows
   the table sees that it was made anew. The reconcile strategy sets both in rows that it writes. #}
{% macro change_stamps() -%}
    (
        select coalesce(max(numero), 0) from {{ meta_schema() }}.changements
    ) as _insertion,
    (
        select coalesce(max(numero), 0) from {{ meta_schema() }}.changements
    ) as _changement
{%- endmacro %}
