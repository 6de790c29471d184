{# One row an enterprise, with the labels of its latest version, living or not. #}
{% macro latest_enterprises() -%}
select
    versions.*
from {{ ref('dim_entreprises') }} as versions
left join {{ ref('dim_entreprises') }} as suivantes
    on
        versions.entreprise_id = suivantes.entreprise_id
        and versions.numero_version < suivantes.numero_version
where suivantes.entreprise_id is null
{%- endmacro %}
