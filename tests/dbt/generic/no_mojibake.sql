{# Text that was decoded with the wrong encoding: comparisons with it silently match nothing. #}
{% test no_mojibake(model, column_name) %}
select
    {{ column_name }},
    count(*) as number_of_rows
from {{ model }}
where
    {{ column_name }} like '%├%'
    or {{ column_name }} like '%Ã%'
    or {{ column_name }} like '%�%'
group by {{ column_name }}
{% endtest %}
