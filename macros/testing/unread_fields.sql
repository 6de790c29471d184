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
    champs.valeur
from {{ source(area, collection) }} as documents
{{ values_at('documents.document', field) }}
where
    documents._supprime_le is null
    and btrim(champs.valeur) <> ''
    and not {{ matches('champs.valeur', form) }}
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

{# What is joined to a document: what a field of it holds, as text; one of a part of a document is part.field,
   and has as many as there are parts. #}
{% macro values_at(document, field) -%}
    {{ return(adapter.dispatch('values_at', 'sigeti_dwh')(document, field)) }}
{%- endmacro %}

{% macro postgres__values_at(document, field) -%}
cross join lateral (
    select found #>> '{}' as valeur
    from jsonb_path_query({{ document }}, '$.{{ field | replace('.', '[*].') }}') as found
) as champs
{%- endmacro %}
