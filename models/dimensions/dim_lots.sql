{{ config(
    unique_key=['lot_key'],
    scope=['lot_id'],
    touched_by={'snap_lots': 'lot_id'},
    indexes=[{'columns': ['lot_id']}, {'columns': ['_changement']}],
    more_indexes={'occupant': {'columns': ['entreprise_id'], 'where': 'is_current'}}
) }}

with versions as (

    {{ scd_versions(ref('snap_lots'), 'lot_id') }}

),

final as (

    select
        version_key as lot_key,
        lot_id,
        cast(numero_version as integer) as numero_version,
        numero_lot,
        ilot,
        -- Not the snapshot's, which followed the bounds of its day.
        {{ parcel_area_m2('superficie', 'unite_mesure') }} as superficie_m2,
        superficie,
        unite_mesure,
        prix,
        statut,
        priorite,
        zone_id,
        entreprise_id,
        coalesce(statut = 'disponible', false) as est_disponible,
        coalesce(statut = 'occupé', false) as est_occupe,
        coalesce(est_viabilise, false) as est_viabilise,
        valid_from,
        valid_to,
        is_current,
        {{ change_stamps() }}
    from versions

    union all

    select
        {{ unknown_key() }} as lot_key,
        {{ unknown_key() }} as lot_id,
        1 as numero_version,
        'Inconnu' as numero_lot,
        'Inconnu' as ilot,
        null as superficie_m2,
        null as superficie,
        null as unite_mesure,
        null as prix,
        'Inconnu' as statut,
        null as priorite,
        {{ unknown_key() }} as zone_id,
        null as entreprise_id,
        false as est_disponible,
        false as est_occupe,
        false as est_viabilise,
        {{ beginning_of_time() }} as valid_from,
        null as valid_to,
        true as is_current,
        {{ change_stamps() }}

)

select * from final
