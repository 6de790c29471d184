{% macro normalise_text(column) -%}
    {{ return(adapter.dispatch('normalise_text', 'sigeti_dwh')(column)) }}
{%- endmacro %}

{# Accents go before the case: a database with locale C does not know the lower case of É. #}
{% macro default__normalise_text(column) -%}
    lower(
        translate(
            {{ clean_text(column) }},
            'àâäáãåçèéêëìíîïñòóôöõùúûüýÿÀÂÄÁÃÅÇÈÉÊËÌÍÎÏÑÒÓÔÖÕÙÚÛÜÝ',
            'aaaaaaceeeeiiiinooooouuuuyyAAAAAACEEEEIIIINOOOOOUUUUY'
        )
    )
{%- endmacro %}

{# Text typed on macOS carries its accents as characters of their own. #}
{% macro postgres__normalise_text(column) -%}
    {{ default__normalise_text("normalize(cast(" ~ column ~ " as text), nfc)") }}
{%- endmacro %}
