select
    document ->> 'product' as produit_id,
    coalesce(document ->> 'views', '0')::bigint as vues,
    coalesce(document ->> 'purchases', '0')::bigint as achats,
    coalesce(document ->> 'revenue', '0')::numeric(18, 2) as chiffre_affaires,
    (document ->> 'rating')::numeric(4, 2) as note
from raw_boutique.products_summary
where _supprime_le is null
