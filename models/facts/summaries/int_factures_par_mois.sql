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

),

final as (

    select
        paquet,
        premier_jour_mois,
        cast(count(*) filter (where est_comptee) as integer) as nombre_factures_emises,
        cast(
            count(*) filter (where est_comptee and date_solde is not null) as integer
        ) as factures_soldees,
        cast(
            coalesce(sum(montant_total) filter (where est_comptee), 0) as numeric(18, 2)
        ) as montant_facture,
        cast(count(*) filter (where not est_comptee) as integer) as nombre_factures_annulees,
        cast(
            coalesce(sum(montant_total) filter (where not est_comptee), 0) as numeric(18, 2)
        ) as montant_annule,
        cast(
            coalesce(sum(montant_regle_declare) filter (where est_comptee), 0) as numeric(18, 2)
        ) as montant_regle_declare,
        cast(
            coalesce(sum(montant_regle_confirme) filter (where est_comptee), 0) as numeric(18, 2)
        ) as montant_regle_confirme,
        cast(
            coalesce(sum(delai_paiement_jours) filter (where est_comptee), 0) as numeric(18, 2)
        ) as delai_paiement_jours,
        {{ change_stamps() }}
    from factures
    group by paquet, premier_jour_mois

)

select * from final
