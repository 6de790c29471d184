-- Every payment of an invoice that exists is in the fact once.
-- A returned row is a measure whose total differs.
with attendu as (

    select
        count(*) as nombre_paiements,
        coalesce(sum(paiements.montant_paiement), 0) as montant_paiement
    from {{ ref('stg_paiements') }} as paiements
    inner join {{ ref('stg_factures') }} as factures
        on paiements.facture_id = factures.facture_id
    where not factures.est_supprimee and {{ tested_key(
        'factures.facture_id', [ref('stg_changements_factures'), ref('stg_changements_paiements')], 'facture_id'
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
