{% set touches = touched_keys_of(ref('int_paiements_par_mois')) %}

-- No payment is lost or counted twice by the summary of its bucket.
-- A returned row is a measure whose total differs.
with attendu as (

    select
        count(*) as nombre_paiements,
        coalesce(sum(paiements.montant_paiement), 0) as montant,
        coalesce(
            sum(paiements.montant_paiement) filter (where paiements.est_confirme), 0
        ) as confirme
    from {{ ref('fait_paiements') }} as paiements
    {{ join_changed_buckets('paiements.paiement_id', touches) }}

),

trouve as (

    select
        coalesce(sum(nombre_paiements), 0) as nombre_paiements,
        coalesce(sum(montant_encaisse), 0) as montant,
        coalesce(sum(montant_encaisse_confirme), 0) as confirme
    from {{ ref('int_paiements_par_mois') }}
    where {{ tested_key('paquet', [touches]) }}

)

{{ differing_totals('attendu', 'trouve', ['nombre_paiements', 'montant', 'confirme']) }}
