{{ config(materialized='publication', schema='marts_courrier') }}

{%- set marts = [ref('mart_dossiers_courrier')] %}

{{ freshness_of(marts, ref('stg_courrier_chargements')) }}
