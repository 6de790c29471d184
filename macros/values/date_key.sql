{% macro date_key(day) -%}
    coalesce(
        case
            when {{ day }} between {{ calendar_start() }} and {{ calendar_end() }}
                then cast(
                    extract(year from {{ day }}) * 10000
                    + extract(month from {{ day }}) * 100
                    + extract(day from {{ day }}) as integer
                )
        end,
        {{ unknown_key() }}
    )
{%- endmacro %}
