{# An unknown unit stays as it is, so that a test sees it, and its area in m² is null. #}
{% macro area_unit(column) -%}
    case
        when {{ normalise_text(column) }} in ('m2', 'm²', 'metre carre', 'metres carres') then 'm2'
        when {{ normalise_text(column) }} in ('ha', 'hectare', 'hectares') then 'ha'
        else {{ normalise_text(column) }}
    end
{%- endmacro %}
