{# The words for a status, in the two languages that letters are written in, by what is published; a word that
   nobody has announced stays as it is. #}
{% macro letter_statuses() -%}
    {{ return({
        'brouillon': ['draft', 'brouillon'],
        'à traiter': ['new', 'todo', 'to_do', 'pending', 'nouveau', 'a_traiter', 'en_attente'],
        'en cours': ['open', 'active', 'in_progress', 'ouvert', 'en_cours'],
        'en validation': ['review', 'in_review', 'en_validation', 'a_valider'],
        'validé': ['approved', 'validated', 'valide'],
        'envoyé': ['sent', 'envoye'],
        'terminé': ['completed', 'done', 'closed', 'resolved', 'termine', 'clos', 'ferme'],
        'archivé': ['archived', 'archive'],
        'annulé': ['cancelled', 'canceled', 'rejected', 'annule', 'rejete'],
    }) }}
{%- endmacro %}

{% macro letter_priorities() -%}
    {{ return({
        'basse': ['low', 'basse', 'faible'],
        'normale': ['normal', 'medium', 'normale', 'moyenne'],
        'haute': ['high', 'haute', 'elevee'],
        'urgente': ['urgent', 'critical', 'urgente', 'critique'],
    }) }}
{%- endmacro %}

{# What is published for a word. #}
{% macro published_word(column, words) -%}
    {#- Not `in`: the text would be made ready once for each published word. -#}
    case translate({{ normalise_text(column) }}, ' -', '__')
        {%- for published, known in words.items() %}
            {%- for word in known %}
        when '{{ word }}' then '{{ published }}'
            {%- endfor %}
        {%- endfor %}
        else {{ known_text(column) }}
    end
{%- endmacro %}

{# Whether a letter's status says that nothing is left to do for it; null of a word that nobody has announced. #}
{% macro is_closed_status(column) -%}
    case
        when {{ column }} in ('envoyé', 'terminé', 'archivé', 'annulé') then true
        when {{ column }} in ('{{ letter_statuses() | join("', '") }}') then false
    end
{%- endmacro %}
