{# dbt's own drops the time zone, so that its stamps would depend on the session's. Never before what the
   snapshot already says, so that versions keep their order when the server's clock is set back. #}
{% macro postgres__snapshot_get_time() -%}
    {%- if execute and load_cached_relation(this) -%}
    (
        select greatest(current_timestamp, max(greatest(dbt_valid_from, dbt_valid_to)) + interval '1 microsecond')
        from {{ this }}
    )
    {%- else -%}
    current_timestamp
    {%- endif -%}
{%- endmacro %}
