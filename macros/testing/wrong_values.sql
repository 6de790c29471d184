{# Query of a test of a source table: the values that are wrong in columns of these types or names, each
   with its table, column and key. #}
{% macro wrong_values(model, wrong, columns) -%}
{%- set source = tested_source() -%}
{%- if source is none -%}
    select * from {{ model }}
{%- else -%}
select
    '{{ source.config.meta.get('relation', source.name) }}' as table_source,
    valeurs.colonne,
    {% for key in source.config.meta['key'] -%}
    {{ "', ' || " if not loop.first }}'{{ key }} ' || coalesce(cast(tested.{{ key }} as {{ dbt.type_string() }}), 'null'){{ ' ||' if not loop.last }}
    {%- endfor %} as cle,
    valeurs.valeur
from {{ model }}
{{ wrong_values_of(source, wrong, columns) }}
{%- endif -%}
{%- endmacro %}

{# What is joined to the rows of a source table: of each the values that are wrong, with their columns. #}
{% macro wrong_values_of(source, wrong, columns) -%}
    {{ return(adapter.dispatch('wrong_values_of', 'sigeti_dwh')(source, wrong, columns)) }}
{%- endmacro %}

{% macro postgres__wrong_values_of(source, wrong, columns) -%}
cross join lateral (
    {%- set among = joiner('union all') %}
    {%- for name, column in source.columns.items() if name in columns or declared_type(column) in columns %}
    {{ among() }}
    select
        '{{ name }}' as colonne,
        cast(tested.{{ name }} as {{ dbt.type_string() }}) as valeur
    where {{ is_wrong(wrong, 'tested.' ~ name, declared_type(column)) }}
    {%- endfor %}
) as valeurs
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
        {{ is_mojibake('cast(' ~ column ~ ' as ' ~ dbt.type_string() ~ ')') }}
    {%- elif type == 'jsonb' -%}
        {{ has_word_for_a_number(column) }}
    {%- else -%}
        not {{ is_finite(column) }}
    {%- endif -%}
{%- endmacro %}

{# Whether JSON says NaN or infinity anywhere, which it can do in words only. #}
{% macro has_word_for_a_number(column) -%}
    {{ return(adapter.dispatch('has_word_for_a_number', 'sigeti_dwh')(column)) }}
{%- endmacro %}

{% macro postgres__has_word_for_a_number(column) -%}
    jsonb_path_exists(
        cast({{ column }} as jsonb), '$.** ? (@ like_regex "^\\s*[-+]?(nan|inf|infinity)\\s*$" flag "i")'
    )
{%- endmacro %}
