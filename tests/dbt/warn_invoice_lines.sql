{{ config(severity='warn') }}

{%- set changes = touched_keys_of(ref('fait_lignes_factures')) %}

-- The lines of an invoice, where it has some, make up its total: the invoice's holds.
-- A returned row is an invoice whose lines make up another one.
with lignes as (

    select
        facture_id,
        sum(montant_ligne) as montant_lignes
    from {{ ref('fait_lignes_factures') }}
    where {{ tested_key('facture_id', [changes]) }}
    group by facture_id

)

select
    factures.facture_id,
    factures.montant_total,
    lignes.montant_lignes
from lignes
inner join {{ ref('fait_factures') }} as factures
    on lignes.facture_id = factures.facture_id
where lignes.montant_lignes <> factures.montant_total
