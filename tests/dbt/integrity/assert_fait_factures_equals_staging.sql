-- Every invoice that is not deleted at the source is in the fact once, with its payments. The
-- source's own columns say which is deleted: staging would repeat a mistake of its own.
-- A returned row is a measure whose total differs.
{%- set changes = [
    changes_of(ref('stg_factures'), ['facture_id']),
    changes_of(ref('stg_paiements'), ['facture_id'])
] %}

with factures as (

    select
        id as facture_id,
        montant_total
    from {{ source('sigeti', 'factures') }}
    where
        {{ living_rows() }}
        and is_deleted is not true
        and deleted_at is null
        and {{ tested_key('id', changes, 'facture_id') }}

),

paiements as (

    select paiements.*
    from {{ ref('stg_paiements') }} as paiements
    inner join factures on paiements.facture_id = factures.facture_id

),

attendu as (

    select
        (select count(*) from factures) as nombre_factures,
        (select coalesce(sum(montant_total), 0) from factures) as montant_total,
        (select count(*) from paiements) as nombre_paiements,
        (select coalesce(sum(montant_paiement), 0) from paiements) as montant_declare,
        (
            select coalesce(sum(montant_paiement), 0) from paiements
            where est_confirme
        ) as montant_confirme

),

trouve as (

    select
        count(*) as nombre_factures,
        coalesce(sum(montant_total), 0) as montant_total,
        coalesce(sum(nombre_paiements), 0) as nombre_paiements,
        coalesce(sum(montant_regle_declare), 0) as montant_declare,
        coalesce(sum(montant_regle_confirme), 0) as montant_confirme
    from {{ ref('fait_factures') }}
    where {{ tested_key('facture_id', changes) }}

)

{{ differing_totals(
    'attendu',
    'trouve',
    [
        'nombre_factures', 'montant_total', 'nombre_paiements', 'montant_declare',
        'montant_confirme'
    ]
) }}
