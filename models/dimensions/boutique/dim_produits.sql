{{ config(unique_key=['produit_id']) }}

select
    produit_id,
    nom_produit,
    categorie,
    {{ change_stamps() }}
from {{ ref('stg_boutique_produits') }}
