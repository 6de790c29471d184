{# Whether the source calls an invoice paid that neither a payment settles nor a payment day. #}
{% macro paid_without_trace() -%}
    statut = 'Payée' and date_solde is null
{%- endmacro %}
