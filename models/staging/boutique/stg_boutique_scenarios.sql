select
    {{ json_text('document', ['id']) }} as scenario_id,
    {{ json_text('document', ['name']) }} as nom_scenario,
    {{ json_text('document', ['description']) }} as description,
    {{ json_text('document', ['target_metric']) }} as metrique_cible,
    {{ document_number(['baseline']) }} as taux_de_depart,
    {{ document_number(['expected_lift']) }} as gain_attendu,
    {{ document_amount(['cost', 'implementation_cost']) }} as cout
from {{ source('boutique', 'ab_test_scenarios') }}
where _supprime_le is null
