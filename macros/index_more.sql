{# Post-hook: an index of what dbt's own index configuration cannot say, of some rows or with more columns. #}
{% macro index_more(name, columns, include=[], where=none) -%}
create index if not exists {{ this.identifier }}__{{ name }} on {{ this }} ({{ columns | join(', ') }})
{%- if include %} include ({{ include | join(', ') }}){% endif %}
{%- if where %} where {{ where }}{% endif %}
{%- endmacro %}
