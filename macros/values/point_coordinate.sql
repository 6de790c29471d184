{# A coordinate of a point that is GeoJSON in text; null for what is no point. #}
{% macro point_coordinate(column, coordinate) -%}
    {%- set number = '-?[0-9]{1,3}(?:[.][0-9]+)?' -%}
    {%- set before = '' if coordinate == 'longitude' else number ~ ' *, *' -%}
    cast(
        {{ first_match(column, '"coordinates" *: *\\[ *' ~ before ~ '(' ~ number ~ ')') }} as numeric(9, 6)
    )
{%- endmacro %}

{# Whether a point is in Côte d'Ivoire. #}
{% macro is_in_country(longitude, latitude) -%}
    {{ longitude }} between -8.7 and -2.4 and {{ latitude }} between 4.1 and 10.8
{%- endmacro %}
