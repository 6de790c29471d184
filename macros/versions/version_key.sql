{# 2^20 versions of 2^31 ids stay below 2^53, so that tools that read keys as doubles keep them exact. #}
{% macro version_key(id, version) -%}
    cast({{ id }} as {{ dbt.type_bigint() }}) * 1048576 + cast({{ version }} as {{ dbt.type_bigint() }})
{%- endmacro %}
