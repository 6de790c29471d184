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

{{ freshness_of(marts, ref('stg_chargements')) }}
