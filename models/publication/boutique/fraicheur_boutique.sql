{{ config(materialized='publication', schema='marts_boutique') }}

{%- set marts = [
    ref('mart_kpi_jour'),
    ref('mart_top_produits'),
    ref('mart_entonnoir'),
    ref('mart_trafic'),
    ref('mart_experiences')
] %}

{{ freshness_of(marts, ref('stg_boutique_chargements')) }}
