{# The tranches of the aged balance in their order, and the days late above which an invoice is in the
   second and each later one of days. #}
{% macro age_tranches() -%}
    {{ return([
        'non échue', '1 à 30 jours', '31 à 60', '61 à 90', '91 à 180', 'plus de 180', 'sans échéance',
        'soldée sans paiement enregistré'
    ]) }}
{%- endmacro %}

{% macro age_limits() -%}
    {{ return([0, 30, 60, 90, 180]) }}
{%- endmacro %}

{# Place among the tranches, from 1, of an invoice with something left to pay. #}
{% macro age_tranche_of(invoice) -%}
    case
        when {{ is_settled(invoice) }} then {{ age_tranches() | length }}
        when {{ invoice }}.date_echeance is null then {{ age_tranches() | length - 1 }}
        else 1
            {%- for days in age_limits() %}
            + cast({{ days_from(invoice ~ '.date_echeance', reference_date()) }} > {{ days }} as integer)
            {%- endfor %}
    end
{%- endmacro %}

{% macro age_tranche_at(place) -%}
    case {{ place }}
        {%- for tranche in age_tranches() %}
        when {{ loop.index }} then '{{ tranche }}'
        {%- endfor %}
    end
{%- endmacro %}
