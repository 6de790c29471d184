{{ config(
    unique_key=['lot_key'],
    scope_keys=['lot_id'],
    pre_hook="{{ prepare_scope(ref('stg_changements_lots'), ['lot_id']) }}",
    indexes=[{'columns': ['lot_id']}, {'columns': ['_changement']}],
    post_hook="{{ index_more('occupant', ['entreprise_id'], where='is_current') }}",
    meta={'superficies_plausibles': [
        var('superficie_minimale_m2'), var('superficie_maximale_m2')
    ]}
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
