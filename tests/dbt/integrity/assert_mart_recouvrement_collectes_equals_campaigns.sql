-- Every campaign is there once, with the invoices and enterprises of its summaries.
-- A returned row is a measure whose total differs.
{%- set measures = [
    'montant_a_recouvrer', 'montant_recouvre', 'nombre_factures', 'montant_facture',
    'montant_regle_declare', 'montant_regle_confirme', 'montant_restant_du'
] %}

with attendu as (

    select
        count(*) as nombre_collectes,
        (
            select coalesce(sum(entreprises.nombre_entreprises), 0)
            from {{ ref('int_entreprises_par_collecte') }} as entreprises
            inner join {{ ref('fait_collectes') }} as collectes
                on entreprises.collecte_id = collectes.collecte_id
        ) as nombre_entreprises,
        {{ total_of(measures) }}
    from {{ ref('fait_collectes') }}

),

trouve as (

    select
        count(*) as nombre_collectes,
        coalesce(sum(nombre_entreprises), 0) as nombre_entreprises,
        {{ total_of(measures) }}
    from {{ ref('mart_recouvrement_collectes') }}

)

{{ differing_totals('attendu', 'trouve', ['nombre_collectes', 'nombre_entreprises'] + measures) }}
