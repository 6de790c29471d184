{# dbt.date_spine leaves its last day out and asks the database while compiling. #}
{% macro days_between(first, last) -%}
    {{ return(adapter.dispatch('days_between', 'sigeti_dwh')(first, last)) }}
{%- endmacro %}

{% macro postgres__days_between(first, last) -%}
select {{ first }} + numero as date_jour
from generate_series(0, {{ last }} - {{ first }}) as numero
{%- endmacro %}
