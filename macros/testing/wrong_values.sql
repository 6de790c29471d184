{# Query of a test of a source table: the values that are wrong in columns of these types or names, each
   with its table, column and key. #}
{% macro wrong_values(model, wrong, columns) -%}
{%- set source = tested_source() -%}
{%- if source is none -%}
    select * from {{ model }}
{%- else -%}
select
    '{{ source.name }}' as table_source,
    valeurs.colonne,
    {% for key in source.config.meta['key'] -%}
    {{ "', ' || " if not loop.first }}'{{ key }} ' || coalesce(cast(tested.{{ key }} as text), 'null'){{ ' ||' if not loop.last }}
    {%- endfor %} as cle,
    valeurs.valeur
from {{ model }}
cross join lateral (
    {%- set among = joiner('union all') %}
    {%- for name, column in source.columns.items() if name in columns or declared_type(column) in columns %}
    {{ among() }}
    select
        '{{ name }}' as colonne,
        cast(tested.{{ name }} as text) as valeur
    where {{ is_wrong(wrong, 'tested.' ~ name, declared_type(column)) }}
    {%- endfor %}
) as valeurs
{%- endif -%}
{%- endmacro %}

{# The source table of a generic test; none while dbt parses. #}
{% macro tested_source() -%}
    {%- for id in model.depends_on.nodes if id in graph.get('sources', {}) -%}
        {{ return(graph.sources[id]) }}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro %}

{# Without precision and scale. #}
{% macro declared_type(column) -%}
    {{ return(column.data_type.split('(')[0]) }}
{%- endmacro %}

{% macro is_wrong(wrong, column, type) -%}
    {%- if wrong == 'is_missing' -%}
        {{ column }} is null
    {%- elif wrong == 'is_no_time' -%}
        {{ column }} is not null and not {{ is_plausible_time(column) }}
    {%- elif wrong == 'is_mojibake' -%}
        {{ is_mojibake('cast(' ~ column ~ ' as text)') }}
    {%- elif type == 'jsonb' -%}
        jsonb_path_exists(
            cast({{ column }} as jsonb), '$.** ? (@ like_regex "^\\s*[-+]?(nan|inf|infinity)\\s*$" flag "i")'
        )
    {%- else -%}
        not {{ is_finite(column) }}
    {%- endif -%}
{%- endmacro %}
