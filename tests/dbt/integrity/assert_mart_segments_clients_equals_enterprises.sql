-- The segments hold what the mart of their enterprises holds.
-- A returned row is a measure whose total differs.
{%- set measures = [
    'nombre_factures', 'nombre_factures_soldees', 'nombre_factures_en_retard',
    'chiffre_affaires_total', 'montant_regle_declare', 'montant_regle_confirme',
    'montant_restant_du', 'nombre_demandes', 'demandes_approuvees', 'superficie_attribuee_m2',
    'nombre_lots_attribues', 'lots_sans_superficie'
] %}

with attendu as (

    select
        {{ total_of(measures) }},
        count(*) filter (where entreprise_id <> {{ unknown_key() }}) as nombre_entreprises
    from {{ ref('mart_portefeuille_clients') }}

),

trouve as (

    select
        {{ total_of(measures) }},
        coalesce(sum(nombre_entreprises), 0) as nombre_entreprises
    from {{ ref('mart_segments_clients') }}

)

{{ differing_totals('attendu', 'trouve', measures + ['nombre_entreprises']) }}
