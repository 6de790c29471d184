{# An invoice that counts is settled or open; an open one is late once its due day has passed. `invoice` is
   the relation that holds it, where several are read. #}
{% macro is_settled(invoice=none) -%}
    {{ of(invoice) }}est_comptee and {{ of(invoice) }}date_solde is not null
{%- endmacro %}

{% macro is_open(invoice=none) -%}
    {{ of(invoice) }}est_comptee and {{ of(invoice) }}date_solde is null
{%- endmacro %}

{% macro is_late(invoice=none) -%}
    {{ is_open(invoice) }} and coalesce({{ of(invoice) }}date_echeance < {{ reference_date() }}, false)
{%- endmacro %}

{% macro of(relation) -%}
    {{ relation ~ '.' if relation }}
{%- endmacro %}
