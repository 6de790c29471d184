{# Text of a source table that was decoded with the wrong encoding: readers see it, and comparisons with
   it silently match nothing. Every text column that is read is tested. #}
{% test no_mojibake(model) %}
{{ wrong_values(model, 'is_mojibake', ['text']) }}
{% endtest %}
