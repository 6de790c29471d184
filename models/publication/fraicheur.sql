{{ config(materialized='publication') }}

{%- set marts = [
    ref('mart_performance_financiere'),
    ref('mart_performance_zones'),
    ref('mart_creances_clients'),
    ref('mart_balance_agee'),
    ref('mart_encaissements'),
    ref('mart_recouvrement_collectes'),
    ref('mart_occupation_zones'),
    ref('mart_portefeuille_clients'),
    ref('mart_segments_clients'),
    ref('mart_factures_clients'),
    ref('mart_kpi_operationnels'),
    ref('mart_emplois_investissements'),
    ref('mart_suivi_dossiers'),
    ref('mart_agents'),
    ref('mart_parcours_demandes')
] %}

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
cross join {{ ref('stg_chargements') }} as chargements
where chargements.chargement = (
    select max(lus.chargement) from {{ ref('stg_chargements') }} as lus
)
