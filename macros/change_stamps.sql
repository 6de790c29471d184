{# Placeholders: the reconcile strategy sets both when it writes the row. #}
{% macro change_stamps() -%}
    cast(0 as {{ dbt.type_bigint() }}) as _insertion,
    cast(0 as {{ dbt.type_bigint() }}) as _changement
{%- endmacro %}
