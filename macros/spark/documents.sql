{# Documents are text there. #}
{% macro spark__elements_of(document, field) -%}
    lateral view inline(transform(
        from_json(get_json_object({{ document }}, '$.{{ field }}'), 'array<string>'),
        (element, place) -> named_struct('document', element, 'numero', place + 1)
    )) elements as document, numero
{%- endmacro %}

{% macro spark__fields_of(document) -%}
    lateral view explode(from_json({{ document }}, 'map<string, string>')) champs as champ, valeur
{%- endmacro %}

{% macro spark__values_at(document, field) -%}
    {%- set parts = field.split('.') -%}
    {%- if parts | length == 1 -%}
    lateral view explode(array(get_json_object({{ document }}, '$.{{ field }}'))) champs as valeur
    {%- else -%}
    lateral view explode(transform(
        from_json(get_json_object({{ document }}, '$.{{ parts[0] }}'), 'array<string>'),
        element -> get_json_object(element, '$.{{ parts[1] }}')
    )) champs as valeur
    {%- endif -%}
{%- endmacro %}
