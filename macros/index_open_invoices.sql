{# The invoices that a passing day makes late. dbt's own index configuration knows no condition. #}
{% macro index_open_invoices() -%}
create index if not exists {{ this.identifier }}__a_echoir on {{ this }} (date_echeance)
where est_comptee and date_solde is null
{%- endmacro %}
