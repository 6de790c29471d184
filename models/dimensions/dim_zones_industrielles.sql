{{ config(unique_key=['zone_key']) }}

select
    cast(zone_id as bigint) as zone_key,
    zone_id,
    code_zone,
    nom_zone,
    statut,
    superficie_m2,
    description,
    adresse,
    {{ change_stamps() }}
from {{ ref('stg_zones_industrielles') }}

union all

select
    membre as zone_key,
    membre as zone_id,
    nom as code_zone,
    nom as nom_zone,
    'Inconnu' as statut,
    null as superficie_m2,
    null as description,
    null as adresse,
    {{ change_stamps() }}
from (
    values
    ({{ unknown_key() }}, 'Inconnu'),
    ({{ several_zones_key() }}, 'Plusieurs zones'),
    ({{ outside_zones_key() }}, 'Hors zone')
) as absentes (membre, nom)
