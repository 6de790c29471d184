-- Every request is in the fact once, and its parcels are those of the bridge, else its own.
-- A returned row is a measure whose total differs.
with demandes as (

    select * from {{ ref('stg_demandes_attribution') }}
    where {{ tested_key(
        'demande_id', [changes_of(ref('stg_demandes_attribution'), ['demande_id']), changes_of(ref('stg_demande_attribution_lots'), ['demande_id'])]
    ) }}

),

lots_demandes as (

    select
        demande_id,
        lot_id
    from {{ ref('stg_demande_attribution_lots') }}
    where {{ tested_key(
        'demande_id', [changes_of(ref('stg_demandes_attribution'), ['demande_id']), changes_of(ref('stg_demande_attribution_lots'), ['demande_id'])]
    ) }}

    union all

    select
        demandes.demande_id,
        demandes.lot_id
    from demandes
    where
        demandes.lot_id is not null
        and not exists (
            select 1
            from {{ ref('stg_demande_attribution_lots') }} as ponts
            where ponts.demande_id = demandes.demande_id
        )

),

attendu as (

    select
        (select count(*) from demandes) as nombre_demandes,
        (
            select count(*) from demandes
            where statut = 'VALIDE'
        ) as demandes_approuvees,
        (select count(*) from lots_demandes) as nombre_lots,
        (
            select count(*)
            from lots_demandes
            left join {{ ref('stg_lots') }} as lots on lots_demandes.lot_id = lots.lot_id
            where lots.superficie_m2 is null
        ) as lots_sans_superficie,
        (
            select coalesce(sum(lots.superficie_m2), 0)
            from lots_demandes
            inner join {{ ref('stg_lots') }} as lots on lots_demandes.lot_id = lots.lot_id
        ) as superficie_demandee_m2,
        (
            select coalesce(sum(lots.prix), 0)
            from lots_demandes
            inner join {{ ref('stg_lots') }} as lots on lots_demandes.lot_id = lots.lot_id
        ) as montant_attribution

),

trouve as (

    select
        count(*) as nombre_demandes,
        count(*) filter (where est_approuve) as demandes_approuvees,
        coalesce(sum(nombre_lots), 0) as nombre_lots,
        coalesce(sum(lots_sans_superficie), 0) as lots_sans_superficie,
        coalesce(sum(superficie_demandee_m2), 0) as superficie_demandee_m2,
        coalesce(sum(montant_attribution), 0) as montant_attribution
    from {{ ref('fait_attributions') }}
    where {{ tested_key(
        'demande_id', [changes_of(ref('stg_demandes_attribution'), ['demande_id']), changes_of(ref('stg_demande_attribution_lots'), ['demande_id'])]
    ) }}

)

{{ differing_totals(
    'attendu',
    'trouve',
    [
        'nombre_demandes', 'demandes_approuvees', 'nombre_lots', 'lots_sans_superficie',
        'superficie_demandee_m2', 'montant_attribution'
    ]
) }}
