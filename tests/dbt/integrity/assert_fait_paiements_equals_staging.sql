-- Every payment of an invoice that exists, by the source's own columns, is in the fact once.
-- A returned row is a measure whose total differs.
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
        and {{ tested_key(
            'factures.id', [ref('stg_changements_factures'), ref('stg_changements_paiements')], 'facture_id'
        ) }}

),

trouve as (

    select
        count(*) as nombre_paiements,
        coalesce(sum(montant_paiement), 0) as montant_paiement
    from {{ ref('fait_paiements') }}
    where {{ tested_key(
        'facture_id', [ref('stg_changements_factures'), ref('stg_changements_paiements')]
    ) }}

)

{{ differing_totals('attendu', 'trouve', ['nombre_paiements', 'montant_paiement']) }}
