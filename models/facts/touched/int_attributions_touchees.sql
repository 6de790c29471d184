with demandes as (

    select * from {{ ref('stg_demandes_attribution') }}

),

demande_lots as (

    select * from {{ ref('stg_demande_attribution_lots') }}

),

lots_changes as (

    select
        lot_id,
        _changement
    from {{ ref('stg_changements_lots') }}

    union all

    select
        lot_id,
        _changement
    from {{ ref('dim_lots') }}

),

touched as (

    select
        demande_id,
        _changement
    from {{ ref('stg_changements_demandes') }}

    union all

    select
        demande_id,
        _changement
    from {{ ref('stg_changements_demande_lots') }}

    union all

    select
        demande_lots.demande_id,
        lots_changes._changement
    from lots_changes
    inner join demande_lots on lots_changes.lot_id = demande_lots.lot_id

    union all

    select
        demandes.demande_id,
        lots_changes._changement
    from lots_changes
    inner join demandes on lots_changes.lot_id = demandes.lot_id

    union all

    select
        demandes.demande_id,
        entreprises._changement
    from {{ ref('dim_entreprises') }} as entreprises
    inner join demandes on entreprises.entreprise_id = demandes.entreprise_id

    union all

    -- Zones keep their key: only one that appears can change a fact.
    select
        demandes.demande_id,
        zones._insertion as _changement
    from {{ ref('dim_zones_industrielles') }} as zones
    inner join demandes on zones.zone_id = demandes.zone_id

)

select * from touched
