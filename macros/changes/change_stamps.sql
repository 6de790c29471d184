{# The numbers of the changes that first wrote a row, _insertion, and that last did, _changement. A first build
   stamps its rows with the latest, so that what follows the table sees that it was made anew; the reconcile
   strategy sets both in rows that it writes. Every model that is followed has them, so that a wrong
   declaration shows as soon as one compiles. #}
{% macro change_stamps() -%}
    {{ return(adapter.dispatch('change_stamps', 'sigeti_dwh')()) }}
{%- endmacro %}

{% macro postgres__change_stamps() -%}
    {%- if execute and config.get('touched_by') -%}
        {%- do check_touched_by(model) -%}
    {%- endif -%}
    (
        select coalesce(max(numero), 0) from {{ meta_schema() }}.changements
    ) as _insertion,
    (
        select coalesce(max(numero), 0) from {{ meta_schema() }}.changements
    ) as _changement
{%- endmacro %}
