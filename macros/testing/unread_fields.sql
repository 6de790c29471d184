{# Query of a test of an area's documents: the fields that are not of the form in which they are to be read.
   `forms` has for each regular expression the fields by collection; one of a part of a document is part.field. #}
{% macro unread_fields(area, forms) -%}
    {%- set among = joiner('union all') -%}
    {%- for form, collections in forms -%}
        {%- for collection, fields in collections.items() -%}
            {%- for field in fields %}
{{ among() }}
select
    '{{ collection }}' as collection,
    documents.cle,
    '{{ field }}' as champ,
    valeurs.valeur #>> '{}' as valeur
from {{ source(area, collection) }} as documents
cross join lateral
    jsonb_path_query(documents.document, '$.{{ field | replace('.', '[*].') }}') as valeurs (valeur)
where
    documents._supprime_le is null
    and btrim(valeurs.valeur #>> '{}') <> ''
    and valeurs.valeur #>> '{}' !~ '{{ form }}'
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}

{% macro number_form() -%}
    ^[-+]?[0-9]{1,15}([.][0-9]+)?$
{%- endmacro %}

{# A moment in UTC, or a day. #}
{% macro moment_form() -%}
    ^(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([T ]([01][0-9]|2[0-3])(:[0-5][0-9]){2}([.][0-9]+)?(Z|[+]00(:?00)?)?)?$
{%- endmacro %}
