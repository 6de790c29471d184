{# Area of a parcel in m², from its area and normalised unit. What no parcel can be was typed wrongly, most
   often the unit: it is unknown, not a number. #}
{% macro parcel_area_m2(area, unit) -%}
    cast(
        case
            when
                {{ area_m2(area, unit) }}
                between {{ var('superficie_minimale_m2') }} and {{ var('superficie_maximale_m2') }}
                then {{ area_m2(area, unit) }}
        end as numeric(18, 2)
    )
{%- endmacro %}
