{# 64 neighbouring keys are a bucket: small enough to summarise again when one of them changes. #}
{% macro key_bucket(key) -%}
    ({{ key }} >> 6)
{%- endmacro %}

{# Whether a key is in the bucket, in a form that an index on the key serves. #}
{% macro in_bucket(key, bucket) -%}
    {{ key }} between {{ bucket }} << 6 and ({{ bucket }} << 6) + 63
{%- endmacro %}
