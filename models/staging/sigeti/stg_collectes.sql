select
    id as collecte_id,
    {{ clean_text('reference') }} as reference,
    {{ clean_text('status') }} as statut,
    {{ clean_text('statut_cloture') }} as statut_cloture,
    {{ money('montant_a_recouvrer') }} as montant_a_recouvrer,
    {{ money('montant_recouvre') }} as montant_recouvre,
    {{ plausible_time('date_debut') }} as date_debut,
    {{ plausible_time('date_fin_prevue') }} as date_fin_prevue,
    {{ plausible_time('date_cloture') }} as cloturee_le,
    {{ plausible_time('created_at') }} as cree_le,
    {{ plausible_time('updated_at') }} as modifie_le
from {{ source('sigeti', 'collectes') }}
where {{ living_rows() }}
