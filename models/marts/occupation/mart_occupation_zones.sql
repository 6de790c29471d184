{{ config(unique_key=['zone_id']) }}

with zones as (

    select * from {{ ref('dim_zones_industrielles') }}

),

lots as (

    select
        *,
        coalesce(zone_id, {{ unknown_key() }}) as zone_connue_id
    from {{ ref('dim_lots') }}
    where is_current and lot_key <> {{ unknown_key() }}

),

demandes as (

    select * from {{ ref('fait_attributions') }}

),

ponts as (

    select * from {{ ref('pont_attributions_lots') }}

),

-- A lot counts once, whatever the number of its requests.
lots_par_demande as (

    select
        ponts.lot_id,
        coalesce(bool_or(demandes.est_approuve), false) as est_attribue,
        coalesce(bool_or(demandes.est_en_attente), false) as est_demande
    from ponts
    inner join demandes on ponts.demande_id = demandes.demande_id
    group by ponts.lot_id

),

occupation as (

    select
        coalesce(zones.zone_key, {{ unknown_key() }}) as zone_key,
        count(*) as nombre_total_lots,
        count(*) filter (where lots.est_disponible) as lots_disponibles,
        count(*) filter (where lots.est_occupe) as lots_occupes,
        count(*) filter (where lots_par_demande.est_attribue) as lots_attribues,
        count(*) filter (where lots_par_demande.est_demande) as lots_demandes,
        count(*) filter (where lots.superficie_m2 is null) as lots_sans_superficie,
        sum(lots.superficie_m2) as superficie_totale_m2,
        sum(lots.superficie_m2) filter (where lots.est_disponible) as superficie_disponible_m2,
        sum(lots.superficie_m2) filter (where lots.est_occupe) as superficie_occupee_m2,
        sum(lots.prix) as valeur_totale_lots,
        sum(lots.prix) filter (where lots.est_disponible) as valeur_lots_disponibles,
        count(*) filter (where lots.est_viabilise) as lots_viabilises
    from lots
    left join zones on lots.zone_connue_id = zones.zone_id
    left join lots_par_demande on lots.lot_id = lots_par_demande.lot_id
    group by coalesce(zones.zone_key, {{ unknown_key() }})

),

demandes_par_zone as (

    select
        zone_key,
        count(*) as nombre_demandes,
        count(*) filter (where est_approuve) as demandes_approuvees,
        count(*) filter (where est_rejete) as demandes_rejetees,
        count(*) filter (where est_en_attente) as demandes_en_attente,
        sum(delai_traitement_jours) as delai_traitement_jours,
        count(delai_traitement_jours) as demandes_decidees
    from demandes
    group by zone_key

),

final as (

    select
        zones.zone_id,
        zones.nom_zone,
        zones.statut as statut_zone,
        {{ source_word('statut_zone', 'zones.statut') }} as nom_statut_zone,
        {{ number_of('occupation.nombre_total_lots') }} as nombre_total_lots,
        {{ number_of('occupation.lots_disponibles') }} as lots_disponibles,
        {{ number_of('occupation.lots_occupes') }} as lots_occupes,
        {{ number_of('occupation.lots_attribues') }} as lots_attribues,
        {{ number_of('occupation.lots_demandes') }} as lots_demandes,
        {{ number_of('occupation.lots_sans_superficie') }} as lots_sans_superficie,
        {{ amount_of('occupation.superficie_totale_m2') }} as superficie_totale_m2,
        {{ amount_of('occupation.superficie_disponible_m2') }} as superficie_disponible_m2,
        {{ amount_of('occupation.superficie_occupee_m2') }} as superficie_occupee_m2,
        {{ rate_pct('occupation.lots_occupes', 'occupation.nombre_total_lots') }}
            as taux_occupation_pct,
        {{ rate_pct(
            'coalesce(occupation.superficie_occupee_m2, 0)', 'occupation.superficie_totale_m2'
        ) }} as taux_occupation_surface_pct,
        {{ amount_of('occupation.valeur_totale_lots') }} as valeur_totale_lots,
        {{ amount_of('occupation.valeur_lots_disponibles') }} as valeur_lots_disponibles,
        {{ number_of('occupation.lots_viabilises') }} as lots_viabilises,
        {{ rate_pct('occupation.lots_viabilises', 'occupation.nombre_total_lots') }}
            as taux_viabilisation_pct,
        {{ number_of('demandes_par_zone.nombre_demandes') }} as nombre_demandes,
        {{ number_of('demandes_par_zone.demandes_approuvees') }} as demandes_approuvees,
        {{ number_of('demandes_par_zone.demandes_rejetees') }} as demandes_rejetees,
        {{ number_of('demandes_par_zone.demandes_en_attente') }} as demandes_en_attente,
        {{ rate_pct(
            'demandes_par_zone.demandes_approuvees',
            'demandes_par_zone.demandes_approuvees + demandes_par_zone.demandes_rejetees'
        ) }} as taux_approbation_pct,
        cast(
            {{ safe_divide(
                'demandes_par_zone.delai_traitement_jours', 'demandes_par_zone.demandes_decidees'
            ) }} as numeric(18, 2)
        ) as delai_moyen_traitement_jours,
        zones.longitude,
        zones.latitude,
        {{ change_stamps() }}
    from zones
    left join occupation on zones.zone_key = occupation.zone_key
    left join demandes_par_zone on zones.zone_key = demandes_par_zone.zone_key
    where
        zones.zone_key > {{ unknown_key() }}
        or occupation.zone_key is not null
        or demandes_par_zone.zone_key is not null

)

select * from final
