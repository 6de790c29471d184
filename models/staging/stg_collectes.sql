select
    id as collecte_id,
    {{ clean_text('reference') }} as reference,
    {{ clean_text('status') }} as statut,
    {{ clean_text('statut_cloture') }} as statut_cloture,
    cast(montant_a_recouvrer as numeric(18, 2)) as montant_a_recouvrer,
    cast(montant_recouvre as numeric(18, 2)) as montant_recouvre,
    {{ finite_day('date_debut') }} as date_debut,
    {{ finite_day('date_fin_prevue') }} as date_fin_prevue,
    date_cloture as cloturee_le,
    created_at as cree_le,
    updated_at as modifie_le
from {{ source('sigeti', 'collectes') }}
where {{ living_rows() }}
