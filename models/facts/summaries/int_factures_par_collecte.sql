{{ config(
    unique_key=['paquet', 'collecte_id'],
    scope=['paquet'],
    touched_by={'fait_factures': {'paquet': key_bucket('facture_id')}},
    indexes=[{'columns': ['collecte_id']}]
) }}

with factures as (

    select
        factures.*,
        {{ key_bucket('factures.facture_id') }} as paquet
    from {{ ref('fait_factures') }} as factures
    {{ join_touched_buckets('factures.facture_id') }}
    where factures.est_comptee and factures.collecte_id is not null

)

select
    paquet,
    collecte_id,
    {{ number_of('count(*)') }} as nombre_factures,
    {{ amount_of('sum(montant_total)') }} as montant_facture,
    {{ amount_of('sum(montant_regle_declare)') }} as montant_regle_declare,
    {{ amount_of('sum(montant_regle_confirme)') }} as montant_regle_confirme,
    {{ amount_of('sum(montant_restant_du)') }} as montant_restant_du,
    max(source_modifie_a) as modifie_le,
    {{ change_stamps() }}
from factures
group by paquet, collecte_id
