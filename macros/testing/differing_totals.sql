{# The total of each measure, 0 of no row. #}
{% macro total_of(measures) -%}
{% for measure in measures -%}
coalesce(sum({{ measure }}), 0) as {{ measure }}{{ ', ' if not loop.last }}
{%- endfor %}
{%- endmacro %}

{# One row per measure whose total differs between two one-row relations. #}
{% macro differing_totals(expected, found, measures) -%}
{% for measure in measures -%}
select
    '{{ measure }}' as mesure,
    cast({{ expected }}.{{ measure }} as numeric(24, 2)) as attendu,
    cast({{ found }}.{{ measure }} as numeric(24, 2)) as trouve
from {{ expected }}
cross join {{ found }}
where {{ expected }}.{{ measure }} is distinct from {{ found }}.{{ measure }}
{{ 'union all' if not loop.last }}
{% endfor %}
{%- endmacro %}
