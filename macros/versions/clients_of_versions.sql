{# The client to whom the facts of each version of an enterprise belong: the enterprise while it lives, else
   the unknown member, so that nothing is lost. #}
{% macro clients_of_versions() -%}
select
    versions.entreprise_key,
    versions.entreprise_id,
    coalesce(clients.entreprise_id, {{ unknown_key() }}) as client_id
from {{ ref('dim_entreprises') }} as versions
left join {{ ref('dim_entreprises') }} as clients
    on versions.entreprise_id = clients.entreprise_id and clients.is_current
{%- endmacro %}
