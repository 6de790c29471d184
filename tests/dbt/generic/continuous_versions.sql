{# Versions of one natural key neither overlap nor leave a gap, the first starts at the beginning of
   time, and only the last can be current. #}
{% test continuous_versions(model, key) %}
with versions as (

    select
        {{ key }},
        numero_version,
        valid_from,
        valid_to,
        is_current,
        lag(valid_to) over (partition by {{ key }} order by numero_version) as fin_precedente,
        lead(numero_version) over (partition by {{ key }} order by numero_version) as suivante
    from {{ model }}

)

select *
from versions
where
    valid_to < valid_from
    or (numero_version = 1 and valid_from <> {{ beginning_of_time() }})
    or (numero_version > 1 and valid_from is distinct from fin_precedente)
    or (suivante is not null and is_current)
    or is_current <> (valid_to is null)
{% endtest %}
