{# A free-text vocabulary: case, accents and invisible characters make no other word. #}
{% test accepted_words(model, column_name, words) %}
with ecrits as (

    select
        {{ column_name }},
        {{ normalise_text(column_name) }} as mot
    from {{ model }}

)

select
    {{ column_name }},
    count(*) as number_of_rows
from ecrits
where
    mot not in (
        {% for word in words -%}
        {{ normalise_text("'" ~ word ~ "'") }}{{ ', ' if not loop.last }}
        {%- endfor %}
    )
group by {{ column_name }}
{% endtest %}
