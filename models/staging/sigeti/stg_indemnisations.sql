select
    id as indemnisation_id,
    zone_id,
    {{ clean_text('statut') }} as statut,
    {{ clean_text('etape_actuelle') }} as etape_courante,
    {{ money('montant_restant') }} as montant_restant,
    {{ plausible_time('date_creation') }} as date_creation,
    {{ plausible_time('updated_at') }} as modifie_le
from {{ source('sigeti_optional', 'indemnisations') }}
where {{ living_rows() }}
