{# What a line of an invoice is for, by its wording. #}
{% macro line_nature(wording) -%}
    case
        when {{ normalise_text(wording) }} like '%lamev%' then 'frais de LAMEV'
        when {{ normalise_text(wording) }} like '%dossier%' then 'frais de dossier'
        when {{ normalise_text(wording) }} like '%redevance%' then 'redevance'
        else 'autre'
    end
{%- endmacro %}
