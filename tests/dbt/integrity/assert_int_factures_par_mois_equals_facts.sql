{% set touches = touched_keys_of(ref('int_factures_par_mois')) %}

-- No invoice is lost or counted twice by the summary of its bucket.
-- A returned row is a measure whose total differs.
with attendu as (

    select
        count(*) as nombre_factures,
        coalesce(sum(factures.montant_total), 0) as montant,
        coalesce(
            sum(factures.montant_regle_declare) filter (where factures.est_comptee), 0
        ) as montant_declare,
        coalesce(
            sum(factures.montant_regle_confirme) filter (where factures.est_comptee), 0
        ) as montant_confirme
    from {{ ref('fait_factures') }} as factures
    {{ join_changed_buckets('factures.facture_id', touches) }}

),

trouve as (

    select
        coalesce(sum(nombre_factures_emises + nombre_factures_annulees), 0) as nombre_factures,
        coalesce(sum(montant_facture + montant_annule), 0) as montant,
        coalesce(sum(montant_regle_declare), 0) as montant_declare,
        coalesce(sum(montant_regle_confirme), 0) as montant_confirme
    from {{ ref('int_factures_par_mois') }}
    where {{ tested_key('paquet', [touches]) }}

)

{{ differing_totals(
    'attendu', 'trouve', ['nombre_factures', 'montant', 'montant_declare', 'montant_confirme']
) }}
