{{ config(materialized='publication', schema='marts_saas') }}

{%- set marts = [
    ref('mart_saas_jour'),
    ref('mart_saas_mois'),
    ref('mart_cohortes'),
    ref('mart_engagement')
] %}

{{ freshness_of(marts, ref('stg_saas_chargements')) }}
