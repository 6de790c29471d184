{# An area beyond what a country holds is null; NaN too, and the test finite_numbers stops the night. #}
{% macro area_m2(area, unit) -%}
    cast(
        case
            when not {{ area }} between -1e11 and 1e11 then null
            when {{ unit }} = 'ha' then round({{ exact_number(area) }} * 10000, 2)
            when {{ unit }} = 'm2' then round({{ exact_number(area) }}, 2)
        end as numeric(18, 2)
    )
{%- endmacro %}
