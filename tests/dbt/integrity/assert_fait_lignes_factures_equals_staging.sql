-- Every line of an invoice that exists, by the source's own columns, is in the fact once.
-- A returned row is a measure whose total differs.
{%- set changes = [
    changes_of(ref('stg_factures'), ['facture_id']),
    changes_of(ref('stg_detail_factures'), ['facture_id'])
] %}

with attendu as (

    select
        count(*) as nombre_lignes,
        coalesce(sum(lignes.montant_ligne), 0) as montant_ligne
    from {{ ref('stg_detail_factures') }} as lignes
    inner join {{ source('sigeti', 'factures') }} as factures
        on lignes.facture_id = factures.id
    where
        {{ living_rows() }}
        and factures.is_deleted is not true
        and factures.deleted_at is null
        and {{ tested_key('factures.id', changes, 'facture_id') }}

),

trouve as (

    select
        count(*) as nombre_lignes,
        coalesce(sum(montant_ligne), 0) as montant_ligne
    from {{ ref('fait_lignes_factures') }}
    where {{ tested_key('facture_id', changes) }}

)

{{ differing_totals('attendu', 'trouve', ['nombre_lignes', 'montant_ligne']) }}
