{# What readers call a word of the source, by its vocabulary; one that is not here is shown as it is. #}
{% macro source_word(vocabulary, column) -%}
    {%- set words = {
        'mode_paiement': {
            'especes': 'Espèces',
            'espece': 'Espèces',
            'cheque': 'Chèque',
            'virement': 'Virement',
            'carte': 'Carte',
            'mobile money': 'Mobile money',
            'autre': 'Autre',
        },
        'processus_origine': {
            'collecte_droit': 'Collecte de droits',
            'attribution_lot': 'Attribution de lot',
            'frais de lamev': 'Frais de LAMEV',
        },
        'statut_collecte': {
            'recouvree': 'Recouvrée',
            'partiellement_recouvree': 'Partiellement recouvrée',
            'non_recouvree': 'Non recouvrée',
            'reportee': 'Reportée',
        },
        'statut_zone': {
            'actif': 'Active',
            'inactif': 'Inactive',
            'en_construction': 'En construction',
        },
        'type_demande': {
            'zone_industrielle': 'En zone industrielle',
            'hors_zone_industrielle': 'Hors zone industrielle',
        },
    }[vocabulary] -%}
    case lower({{ column }})
        {%- for word, label in words.items() %}
        when '{{ word }}' then '{{ label }}'
        {%- endfor %}
        else {{ column }}
    end
{%- endmacro %}
