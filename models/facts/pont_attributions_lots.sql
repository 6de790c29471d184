{{ config(
    unique_key=['demande_id', 'lot_id'],
    scope=['demande_id'],
    touched_by={
        'stg_demandes_attribution': 'demande_id',
        'stg_demande_attribution_lots': 'demande_id',
        'dim_lots': 'lot_id'
    },
    indexes=[{'columns': ['lot_id']}]
) }}

with demandes as (

    select * from {{ ref('stg_demandes_attribution') }}
    where {{ in_scope('demande_id') }}

),

demande_lots as (

    select * from {{ ref('stg_demande_attribution_lots') }}
    where {{ in_scope('demande_id') }}

),

lots as (

    select * from {{ ref('dim_lots') }}

),

-- The request's own lot counts only when the bridge has none.
ponts as (

    select
        demandes.demande_id,
        demandes.entreprise_id,
        demandes.cree_le,
        coalesce(demande_lots.lot_id, demandes.lot_id) as lot_id,
        greatest(demandes.modifie_le, demande_lots.modifie_le) as source_modifie_a
    from demandes
    left join demande_lots on demandes.demande_id = demande_lots.demande_id

),

final as (

    select
        ponts.demande_id,
        ponts.lot_id,
        ponts.entreprise_id,
        coalesce(lots.lot_key, {{ unknown_key() }}) as lot_key,
        ponts.source_modifie_a,
        {{ change_stamps() }}
    from ponts
    left join lots
        on
            ponts.lot_id = lots.lot_id
            and {{ valid_at('lots', 'ponts.cree_le') }}
    where ponts.lot_id is not null

)

select * from final
