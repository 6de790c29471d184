-- No invoice is lost, and none is there twice.
-- A returned row is a measure whose total differs.
{%- set measures = [
    'montant_total', 'montant_regle_declare', 'montant_regle_confirme', 'montant_restant_du',
    'nombre_paiements'
] -%}
{%- set changed = tested_key(
    'facture_id',
    [
        changes_of(ref('fait_factures'), ['facture_id']),
        changes_of(ref('mart_factures_clients'), ['facture_id'])
    ]
) %}

with attendu as (

    select
        count(*) as nombre_factures,
        {{ total_of(measures) }}
    from {{ ref('fait_factures') }}
    where {{ changed }}

),

trouve as (

    select
        count(*) as nombre_factures,
        {{ total_of(measures) }}
    from {{ ref('mart_factures_clients') }}
    where {{ changed }}

)

{{ differing_totals('attendu', 'trouve', ['nombre_factures'] + measures) }}
