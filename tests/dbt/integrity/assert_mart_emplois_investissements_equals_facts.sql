-- Every request is there once, with what it announces.
-- A returned row is a measure whose total differs.
{%- set measures = [
    'emplois_total', 'emplois_nationaux', 'emplois_expatries', 'emplois_cadres',
    'montant_investissement'
] %}

with attendu as (

    select
        count(*) as nombre_demandes,
        count(*) filter (where est_approuve) as demandes_approuvees,
        coalesce(sum(emplois_total) filter (where est_approuve), 0) as emplois_total_approuves,
        coalesce(sum(montant_investissement) filter (where est_approuve), 0)
            as montant_investissement_approuve,
        {{ total_of(measures) }}
    from {{ ref('fait_attributions') }}

),

trouve as (

    select {{ total_of([
        'nombre_demandes', 'demandes_approuvees', 'emplois_total_approuves',
        'montant_investissement_approuve'
    ] + measures) }}
    from {{ ref('mart_emplois_investissements') }}

)

{{ differing_totals(
    'attendu',
    'trouve',
    [
        'nombre_demandes', 'demandes_approuvees', 'emplois_total_approuves',
        'montant_investissement_approuve'
    ] + measures
) }}
