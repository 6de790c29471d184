-- Every payment of an invoice that exists, by the source's own columns, is in the fact once.
-- A returned row is a measure whose total differs.
{%- set changes = [
    changes_of(ref('stg_factures'), ['facture_id']),
    changes_of(ref('stg_paiements'), ['facture_id'])
] %}

with attendu as (

    select
        count(*) as nombre_paiements,
        coalesce(sum(paiements.montant_paiement), 0) as montant_paiement
    from {{ ref('stg_paiements') }} as paiements
    inner join {{ source('sigeti', 'factures') }} as factures
        on paiements.facture_id = factures.id
    where
        {{ living_rows() }}
        and factures.is_deleted is not true
        and factures.deleted_at is null
        and {{ tested_key('factures.id', changes, 'facture_id') }}

),

trouve as (

    select
        count(*) as nombre_paiements,
        coalesce(sum(montant_paiement), 0) as montant_paiement
    from {{ ref('fait_paiements') }}
    where {{ tested_key('facture_id', changes) }}

)

{{ differing_totals('attendu', 'trouve', ['nombre_paiements', 'montant_paiement']) }}
