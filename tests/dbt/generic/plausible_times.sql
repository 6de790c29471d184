{# Times and days of a source table that cannot be: they are unknown in the warehouse. Every column of
   them that is read is tested. #}
{% test plausible_times(model) %}
{{ wrong_values(model, 'is_no_time', ['timestamptz', 'date']) }}
{% endtest %}
