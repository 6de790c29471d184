{% set touches = touched_keys_of(ref('int_factures_par_collecte')) %}
{% set measures = [
    'nombre_factures', 'montant_facture', 'montant_regle_declare', 'montant_regle_confirme',
    'montant_restant_du'
] %}

-- No invoice of a campaign is lost or counted twice by the summary of its bucket.
-- A returned row is a measure whose total differs.
with attendu as (

    select
        count(*) as nombre_factures,
        coalesce(sum(factures.montant_total), 0) as montant_facture,
        coalesce(sum(factures.montant_regle_declare), 0) as montant_regle_declare,
        coalesce(sum(factures.montant_regle_confirme), 0) as montant_regle_confirme,
        coalesce(sum(factures.montant_restant_du), 0) as montant_restant_du
    from {{ ref('fait_factures') }} as factures
    {{ join_changed_buckets('factures.facture_id', touches) }}
    where factures.est_comptee and factures.collecte_id is not null

),

trouve as (

    select {{ total_of(measures) }}
    from {{ ref('int_factures_par_collecte') }}
    where {{ tested_key('paquet', [touches]) }}

)

{{ differing_totals('attendu', 'trouve', measures) }}
