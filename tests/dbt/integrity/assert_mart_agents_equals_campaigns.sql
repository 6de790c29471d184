-- The money of each campaign with a responsible agent is there once, and every agent of a campaign.
-- A returned row is a measure whose total differs.
{%- set measures = [
    'montant_a_recouvrer', 'montant_recouvre', 'montant_facture', 'montant_regle_declare',
    'montant_regle_confirme', 'montant_restant_du'
] %}

with attendu as (

    select
        (
            select count(*)
            from (
                select distinct
                    collecte_id,
                    agent_key
                from {{ ref('fait_affectations_collectes') }}
            ) as affectations
        ) as nombre_collectes,
        {{ total_of(measures) }}
    from {{ ref('fait_collectes') }}
    where
        collecte_id in (
            select affectations.collecte_id
            from {{ ref('fait_affectations_collectes') }} as affectations
            where affectations.est_responsable
        )

),

trouve as (

    select {{ total_of(['nombre_collectes'] + measures) }}
    from {{ ref('mart_agents') }}

)

{{ differing_totals('attendu', 'trouve', ['nombre_collectes'] + measures) }}
