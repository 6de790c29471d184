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

),

final as (

    select
        paquet,
        collecte_id,
        cast(count(*) as integer) as nombre_factures,
        cast(sum(montant_total) as numeric(18, 2)) as montant_facture,
        cast(sum(montant_regle_declare) as numeric(18, 2)) as montant_regle_declare,
        cast(sum(montant_regle_confirme) as numeric(18, 2)) as montant_regle_confirme,
        max(source_modifie_a) as modifie_le,
        {{ change_stamps() }}
    from factures
    where est_comptee and collecte_id is not null
    group by paquet, collecte_id

)

select * from final
