{# What dbt's own index configuration cannot say: the invoices that a passing day makes late. #}
{% macro index_invoices() -%}
create index if not exists {{ this.identifier }}__a_echoir on {{ this }} (date_echeance)
where est_comptee and date_solde is null
{%- endmacro %}
