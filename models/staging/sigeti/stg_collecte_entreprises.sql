select
    id as collecte_entreprise_id,
    collecte_id,
    entreprise_id,
    nombre_mois,
    {{ clean_text('libelle_modalite') }} as modalite,
    {{ money('montant_total') }} as montant_total,
    {{ money('montant_paye') }} as montant_paye,
    {{ money('montant_restant') }} as montant_restant,
    {{ clean_text('statut_paiement') }} as statut_paiement,
    {{ plausible_time('created_at') }} as cree_le,
    {{ plausible_time('updated_at') }} as modifie_le
from {{ source('sigeti_optional', 'collecte_entreprises') }}
where {{ living_rows() }}
