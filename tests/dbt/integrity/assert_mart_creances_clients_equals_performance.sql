-- The debts are those of the months together, and no other row is there.
-- A returned row is a measure whose total differs.
{%- set measures = [
    'montant_restant_du', 'montant_en_retard', 'montant_non_echu', 'montant_sans_echeance',
    'montant_solde_sans_paiement', 'nombre_factures_en_retard'
] -%}
{%- set changed = tested_key(
    'entreprise_id',
    [
        changes_of(ref('mart_performance_financiere'), ['entreprise_id']),
        changes_of(ref('mart_creances_clients'), ['entreprise_id'])
    ]
) %}

with attendu as (

    select
        {{ total_of(measures) }},
        0 as lignes_sans_dette
    from {{ ref('mart_performance_financiere') }}
    where {{ changed }}

),

trouve as (

    select
        {{ total_of(measures) }},
        count(*) filter (where montant_restant_du <= 0) as lignes_sans_dette
    from {{ ref('mart_creances_clients') }}
    where {{ changed }}

)

{{ differing_totals('attendu', 'trouve', measures + ['lignes_sans_dette']) }}
