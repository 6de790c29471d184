{{ config(
    unique_key=['paquet', 'premier_jour_mois'],
    scope=['paquet'],
    touched_by={'fait_paiements': {'paquet': key_bucket('paiement_id')}}
) }}

with paiements as (

    select
        paiements.*,
        {{ key_bucket('paiements.paiement_id') }} as paquet,
        {{ month_of('paiements.date_paiement') }} as premier_jour_mois
    from {{ ref('fait_paiements') }} as paiements
    {{ join_touched_buckets('paiements.paiement_id') }}

)

select
    paquet,
    premier_jour_mois,
    {{ number_of('count(*)') }} as nombre_paiements,
    {{ amount_of('sum(montant_paiement)') }} as montant_encaisse,
    {{ amount_of('sum(montant_paiement)', where='est_confirme') }} as montant_encaisse_confirme,
    {{ change_stamps() }}
from paiements
group by paquet, premier_jour_mois
