with factures as (

    select * from {{ ref('stg_factures') }}

),

touched as (

    select
        facture_id,
        _changement
    from {{ ref('stg_changements_factures') }}

    union all

    select
        facture_id,
        _changement
    from {{ ref('stg_changements_paiements') }}

    union all

    select
        factures.facture_id,
        changements._changement
    from {{ ref('stg_changements_demandes') }} as changements
    inner join factures on changements.demande_id = factures.demande_id

    union all

    select
        factures.facture_id,
        changements._changement
    from {{ ref('stg_changements_collecte_zones') }} as changements
    inner join factures on changements.collecte_id = factures.collecte_id

    union all

    select
        factures.facture_id,
        entreprises._changement
    from {{ ref('dim_entreprises') }} as entreprises
    inner join factures on entreprises.entreprise_id = factures.entreprise_id

    union all

    -- Zones keep their key: only one that appears can change a fact.
    select
        factures.facture_id,
        zones._insertion as _changement
    from {{ ref('dim_zones_industrielles') }} as zones
    inner join {{ ref('stg_collecte_zones') }} as collecte_zones
        on zones.zone_id = collecte_zones.zone_id
    inner join factures on collecte_zones.collecte_id = factures.collecte_id

    union all

    select
        factures.facture_id,
        zones._insertion as _changement
    from {{ ref('dim_zones_industrielles') }} as zones
    inner join {{ ref('stg_demandes_attribution') }} as demandes
        on zones.zone_id = demandes.zone_id
    inner join factures on demandes.demande_id = factures.demande_id

)

select * from touched
