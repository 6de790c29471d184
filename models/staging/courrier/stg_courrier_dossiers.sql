select
    cle as dossier_id,
    {{ document_text(['user_id', 'utilisateur_id']) }} as utilisateur_id,
    {{ document_text(['template_id', 'modele_id']) }} as modele_id,
    {{ document_text(['signature_id']) }} as signature_id,
    {{ document_text(['status', 'statut']) }} as statut,
    {{ document_text(['priority', 'priorite']) }} as priorite,
    {{ known_text(document_text(['source'])) }} as source_dossier,
    {{ document_number(['progress']) }} as avancement_pct,
    {{ document_day(['created_at', 'cree_le']) }} as date_creation,
    {{ document_day(['updated_at', 'maj_le']) }} as date_modification,
    {{ document_day(['due_date', 'echeance']) }} as date_echeance,
    {{ document_day(['completed_at', 'termine_le']) }} as date_fin,
    {{ document_text(['etape_actuelle']) }} as etape_actuelle,
    {{ step_is_taken('valide') }} as est_valide,
    {{ step_is_taken('envoye') }} as est_envoye,
    {{ step_is_taken('archive') }} as est_archive,
    {{ step_day('valide') }} as date_validation,
    {{ step_day('envoye') }} as date_envoi,
    {{ step_day('archive') }} as date_archivage
from {{ source('courrier', 'workflow_history') }}
where _supprime_le is null
