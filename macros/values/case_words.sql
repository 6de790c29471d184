{# What the words of each process say of a case; a word that is not here leaves it open, and warns. #}
{% macro case_words() -%}
    {%- set withdrawal = {
        'ouvert': ['en cours', 'suspendu'],
        'clos': ['termine'],
        'abandonné': ['annule'],
    } -%}
    {%- set infraction = {
        'ouvert': ['en cours', 'en attente', 'suspendu', 'suspendue'],
        'clos': ['cloture', 'cloturee', 'termine', 'terminee', 'regularise', 'regularisee'],
        'abandonné': ['annule', 'annulee', 'abandonne', 'abandonnee', 'classe sans suite', 'classee sans suite'],
    } -%}
    {%- set words = {
        'implantation': {'ouvert': ['en attente', 'en cours', 'retard', 'bloque'], 'clos': ['termine']},
        'infraction': infraction,
        'infraction_convention': infraction,
        'convention': {
            'ouvert': ['en cours', 'en attente', 'suspendu', 'suspendue'],
            'clos': ['termine', 'terminee', 'signe', 'signee', 'valide', 'validee', 'cloture', 'cloturee'],
            'abandonné': ['annule', 'annulee', 'rejete', 'rejetee', 'refuse', 'refusee', 'abandonne', 'abandonnee'],
        },
        'impense': {
            'ouvert': ['en cours', 'suspendue'],
            'clos': ['complete', 'cloturee'],
            'abandonné': ['annulee'],
        },
        'indemnisation': {
            'ouvert': ['en attente', 'en cours', 'partiellement indemnise'],
            'clos': ['totalement indemnise', 'indemnise'],
            'abandonné': ['refuse'],
        },
        'retrait_lot': withdrawal,
        'retrait_convention': withdrawal,
        'sinistre': {
            'ouvert': ['declare', 'constate', 'commissaire saisi', 'mise en demeure', 'pris en charge', 'en cours'],
            'clos': ['cloture', 'clos', 'resolu', 'regle', 'termine'],
            'abandonné': ['annule', 'rejete', 'classe sans suite'],
        },
    } -%}
    {%- set rows = [] -%}
    {%- for process, states in words.items() -%}
        {%- for state, known in states.items() -%}
            {%- for word in known -%}
                {%- do rows.append("select '" ~ process ~ "' as processus, '" ~ word ~ "' as mot, '" ~ state ~ "' as etat") -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ rows | join('\n    union all\n    ') }}
{%- endmacro %}

{# How a word of a case is compared: en_cours, EN_COURS and « En cours » are one. #}
{% macro case_word(column) -%}
    {{ replace_all(normalise_text(column), '[_ -]+', ' ') }}
{%- endmacro %}
