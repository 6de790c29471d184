{# 64 neighbouring keys are a bucket: small enough to summarise again when one of them changes. #}
{% macro key_bucket(key) -%}
    {{ return(adapter.dispatch('key_bucket', 'sigeti_dwh')(key)) }}
{%- endmacro %}

{% macro postgres__key_bucket(key) -%}
    ({{ key }} >> 6)
{%- endmacro %}

{# Whether a key is in the bucket, in a form that an index on the key serves. #}
{% macro in_bucket(key, bucket) -%}
    {{ key }} between {{ bucket }} * 64 and {{ bucket }} * 64 + 63
{%- endmacro %}

{# Limits a scoped summary to the rows of the touched buckets. #}
{% macro join_touched_buckets(key) -%}
    {%- if is_scoped() -%}
        inner join {{ scope_table() }} as touches on {{ in_bucket(key, 'touches.paquet') }}
    {%- endif -%}
{%- endmacro %}

{# Limits the test of a summary to the rows of the buckets that changed, given by touched_keys_of, since
   the test last passed. #}
{% macro join_changed_buckets(key, touched) -%}
    {%- if tested_change() is not none -%}
        inner join {{ touched }} as changed on {{ in_bucket(key, 'changed.paquet') }}
    {%- endif -%}
{%- endmacro %}
