select
    id as entreprise_id,
    domaine_activite_id,
    {{ clean_text('raison_sociale') }} as raison_sociale,
    {{ clean_text('forme_juridique') }} as forme_juridique,
    {{ clean_text('registre_commerce') }} as registre_commerce,
    {{ clean_text('compte_contribuable') }} as compte_contribuable,
    {{ clean_text('telephone') }} as telephone,
    {{ clean_text('email') }} as email,
    {{ clean_text('adresse') }} as adresse,
    {{ plausible_time('date_constitution') }} as date_constitution,
    {{ plausible_time('date_creation') }} as cree_le,
    {{ plausible_time('date_modification') }} as modifie_le
from {{ source('sigeti', 'entreprises') }}
where {{ living_rows() }}
