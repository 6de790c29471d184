{# What dbt's own index configuration cannot say: the invoices that a passing day makes late, and what a
   campaign sums of its invoices, read without their rows. #}
{% macro index_invoices() -%}
create index if not exists {{ this.identifier }}__a_echoir on {{ this }} (date_echeance)
where est_comptee and date_solde is null;

create index if not exists {{ this.identifier }}__par_collecte on {{ this }} (collecte_id)
include (montant_total, montant_regle_declare, source_modifie_a)
where est_comptee
{%- endmacro %}
