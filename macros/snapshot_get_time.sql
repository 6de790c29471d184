{# dbt's own drops the time zone, so that its stamps would depend on the session's. #}
{% macro postgres__snapshot_get_time() -%}
    current_timestamp
{%- endmacro %}
