{% macro normalise_text(column) -%}
    {{ return(adapter.dispatch('normalise_text', 'sigeti_dwh')(column)) }}
{%- endmacro %}

{% macro default__normalise_text(column) -%}
    translate(
        lower({{ clean_text(column) }}),
        'àâäáãåçèéêëìíîïñòóôöõùúûüýÿ',
        'aaaaaaceeeeiiiinooooouuuuyy'
    )
{%- endmacro %}
