{# The zone of a campaign of several, when nothing decides between them. #}
{% macro several_zones_key() -%}
    -2
{%- endmacro %}

{# The zone of a request for land outside the zones. #}
{% macro outside_zones_key() -%}
    -3
{%- endmacro %}

{# The member of dim_zones_industrielles that says why a request of this type has no zone. #}
{% macro absent_zone_key(request_type) -%}
    case
        when {{ request_type }} = 'HORS_ZONE_INDUSTRIELLE' then {{ outside_zones_key() }}
        else {{ unknown_key() }}
    end
{%- endmacro %}
