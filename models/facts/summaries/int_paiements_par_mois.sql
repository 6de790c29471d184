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

),

final as (

    select
        paquet,
        premier_jour_mois,
        cast(count(*) as integer) as nombre_paiements,
        cast(coalesce(sum(montant_paiement), 0) as numeric(18, 2)) as montant_encaisse,
        cast(
            coalesce(sum(montant_paiement) filter (where est_confirme), 0) as numeric(18, 2)
        ) as montant_encaisse_confirme,
        {{ change_stamps() }}
    from paiements
    group by paquet, premier_jour_mois

)

select * from final
