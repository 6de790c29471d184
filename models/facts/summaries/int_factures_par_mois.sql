{{ config(
    unique_key=['paquet', 'premier_jour_mois'],
    scope=['paquet'],
    touched_by={'fait_factures': {'paquet': key_bucket('facture_id')}}
) }}

with factures as (

    select
        factures.*,
        {{ key_bucket('factures.facture_id') }} as paquet,
        {{ month_of('factures.date_creation') }} as premier_jour_mois
    from {{ ref('fait_factures') }} as factures
    {{ join_touched_buckets('factures.facture_id') }}

)

select
    paquet,
    premier_jour_mois,
    {{ number_of('count(*)', where='est_comptee') }} as nombre_factures_emises,
    {{ number_of('count(*)', where=is_settled()) }} as factures_soldees,
    {{ amount_of('sum(montant_total)', where='est_comptee') }} as montant_facture,
    {{ number_of('count(*)', where='not est_comptee') }} as nombre_factures_annulees,
    {{ amount_of('sum(montant_total)', where='not est_comptee') }} as montant_annule,
    {{ amount_of('sum(montant_regle_declare)', where='est_comptee') }} as montant_regle_declare,
    {{ amount_of('sum(montant_regle_confirme)', where='est_comptee') }} as montant_regle_confirme,
    {{ amount_of('sum(delai_paiement_jours)', where='est_comptee') }} as delai_paiement_jours,
    {{ change_stamps() }}
from factures
group by paquet, premier_jour_mois
