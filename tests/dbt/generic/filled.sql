{# What SIGETI fills in every row of a source table. Where it is null, the warehouse says unknown. #}
{% test filled(model, columns) %}
{{ wrong_values(model, 'is_missing', columns) }}
{% endtest %}
