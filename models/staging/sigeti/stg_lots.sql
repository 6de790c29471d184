select
    id as lot_id,
    zone_industrielle_id as zone_id,
    entreprise_id,
    {{ clean_text('numero') }} as numero_lot,
    {{ clean_text('ilot') }} as ilot,
    {{ clean_text('statut') }} as statut,
    {{ normalise_text('priorite') }} as priorite,
    superficie,
    {{ area_unit('unite_mesure') }} as unite_mesure,
    {{ parcel_area_m2('superficie', area_unit('unite_mesure')) }} as superficie_m2,
    {{ money('prix') }} as prix,
    viabilite as est_viabilise,
    {{ point_coordinate('location', 'longitude') }} as longitude,
    {{ point_coordinate('location', 'latitude') }} as latitude,
    {{ plausible_time('created_at') }} as cree_le,
    {{ plausible_time('updated_at') }} as modifie_le
from {{ source('sigeti', 'lots') }}
where {{ living_rows() }}
