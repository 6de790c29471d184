{# Whether a version of a type 2 dimension was valid at a moment. Moments before the beginning of time
   belong to the first version. #}
{% macro valid_at(dimension, moment) -%}
    greatest({{ moment }}, {{ beginning_of_time() }}) >= {{ dimension }}.valid_from
    and (
        {{ dimension }}.valid_to is null
        or greatest({{ moment }}, {{ beginning_of_time() }}) < {{ dimension }}.valid_to
    )
{%- endmacro %}
