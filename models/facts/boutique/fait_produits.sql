{{ config(unique_key=['produit_id']) }}

select
    produit_id,
    coalesce(vues, 0) as vues,
    coalesce(achats, 0) as achats,
    {{ amount_of('chiffre_affaires') }} as chiffre_affaires,
    note,
    {{ change_stamps() }}
from {{ ref('stg_boutique_produits') }}
