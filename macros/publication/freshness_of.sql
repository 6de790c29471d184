{# What a publication says: a row for each of its marts, of the last load that ended. #}
{% macro freshness_of(marts, loads) -%}
with marts as (

    {% for mart in marts %}
        select '{{ mart.identifier }}' as mart
        {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    marts.mart,
    chargements.lu_le as donnees_au,
    current_timestamp as publie_le,
    {{ reference_date() }} as date_reference,
    chargements.chargement,
    cast('{{ invocation_id }}' as {{ dbt.type_string() }}) as execution
from marts
cross join {{ loads }} as chargements
where chargements.chargement = (
    select max(lus.chargement) from {{ loads }} as lus
)
{%- endmacro %}
