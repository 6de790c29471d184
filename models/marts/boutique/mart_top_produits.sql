{{ config(unique_key=['produit_id']) }}

with produits as (

    select
        faits.*,
        dimension.nom_produit,
        dimension.categorie,
        sum(faits.chiffre_affaires) over () as total,
        row_number() over (
            order by faits.chiffre_affaires desc nulls last, faits.produit_id asc
        ) as rang
    from {{ ref('fait_produits') }} as faits
    inner join {{ ref('dim_produits') }} as dimension on faits.produit_id = dimension.produit_id

),

final as (

    select
        produit_id,
        nom_produit,
        categorie,
        vues,
        achats,
        chiffre_affaires,
        note,
        {{ rate_pct('achats', 'vues') }} as taux_achat_pct,
        cast(rang as integer) as rang,
        {{ rate_pct('chiffre_affaires', 'total') }} as part_chiffre_affaires_pct,
        {{ rate_pct('sum(chiffre_affaires) over (order by rang)', 'total') }} as part_cumulee_pct,
        {{ change_stamps() }}
    from produits

)

select * from final
