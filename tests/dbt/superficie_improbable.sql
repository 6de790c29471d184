{{ config(severity='warn') }}

-- An area that no parcel can have is more often a wrong unit than a large parcel: it is unknown,
-- and no total holds it. A returned row is a parcel whose area is to be corrected at the source.
select
    lot_id,
    numero_lot,
    ilot,
    zone_id,
    entreprise_id,
    superficie,
    unite_mesure
from {{ ref('dim_lots') }}
where
    is_current
    and superficie is not null
    and unite_mesure in ('ha', 'm2')
    and superficie_m2 is null
    and {{ changed_since_tested() }}
