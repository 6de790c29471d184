{# The keys of the rows of a relation that changed, came or went, each with the number of its change. #}
{% macro changes_of(relation, keys, number='_changement') -%}
(
    select
        {{ keys | join(', ') }},
        {{ number if number == '_changement' else number ~ ' as _changement' }}
    from {{ relation }}
    union all
    select
        {{ keys | join(', ') }},
        _changement
    from {{ former_rows(relation) }}
)
{%- endmacro %}
