{# Numbers of a source table that are none (NaN, infinity), or that no amount of the warehouse can hold; in
   JSON they can only be words. Every numeric and JSON column that is read is tested. #}
{% test finite_numbers(model) %}
{{ wrong_values(model, 'is_no_number', ['numeric', 'double precision', 'jsonb']) }}
{% endtest %}
