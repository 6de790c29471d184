{# Accents go before the case: a database with locale C does not know the lower case of É. #}
{% macro normalise_text(column) -%}
    lower(
        translate(
            {{ clean_text(column) }},
            'àâäáãåçèéêëìíîïñòóôöõùúûüýÿÀÂÄÁÃÅÇÈÉÊËÌÍÎÏÑÒÓÔÖÕÙÚÛÜÝŸ',
            'aaaaaaceeeeiiiinooooouuuuyyAAAAAACEEEEIIIINOOOOOUUUUYY'
        )
    )
{%- endmacro %}
