select
    id as impense_id,
    lot_id,
    entreprise_id,
    {{ clean_text('numero_dossier') }} as reference,
    {{ clean_text('statut') }} as statut,
    etape_actuelle as etape_courante,
    {{ money('montant_notification') }} as montant,
    {{ plausible_time('date_cloture') }} as cloture_le,
    {{ plausible_time('created_at') }} as cree_le,
    {{ plausible_time('updated_at') }} as modifie_le
from {{ source('sigeti_optional', 'impenses') }}
where {{ living_rows() }}
