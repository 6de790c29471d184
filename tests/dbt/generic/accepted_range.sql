{# NaN and infinity are in no range, although PostgreSQL orders them above and below all numbers. #}
{% test accepted_range(model, column_name, minimum=none, maximum=none) %}
select *
from {{ model }}
where
    not {{ is_finite(column_name) }}
    {%- if minimum is not none %}
    or {{ column_name }} < {{ minimum }}
    {%- endif %}
    {%- if maximum is not none %}
    or {{ column_name }} > {{ maximum }}
    {%- endif %}
{% endtest %}
