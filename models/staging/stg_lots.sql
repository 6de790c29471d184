select
    id as lot_id,
    zone_industrielle_id as zone_id,
    entreprise_id,
    {{ clean_text('numero') }} as numero_lot,
    {{ clean_text('ilot') }} as ilot,
    {{ clean_text('statut') }} as statut,
    {{ clean_text('priorite') }} as priorite,
    superficie,
    {{ area_unit('unite_mesure') }} as unite_mesure,
    {{ area_m2('superficie', area_unit('unite_mesure')) }} as superficie_m2,
    cast(prix as numeric(18, 2)) as prix,
    viabilite as est_viabilise,
    created_at as cree_le,
    updated_at as modifie_le
from {{ source('sigeti', 'lots') }}
where {{ living_rows() }}
