{# A returned row is one whose value is not the sum of its parts. #}
{% test sum_of_parts(model, column_name, parts) %}
select *
from {{ model }}
where {{ column_name }} <> {{ parts | join(' + ') }}
{% endtest %}
