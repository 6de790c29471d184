{{ config(
    unique_key=['collecte_id'],
    touched_by={
        'stg_collectes': 'collecte_id',
        'pont_collectes_zones': 'collecte_id',
        'int_factures_par_collecte': 'collecte_id'
    }
) }}

with collectes as (

    select * from {{ ref('stg_collectes') }}
    where {{ in_scope('collecte_id') }}

),

ponts as (

    select * from {{ ref('pont_collectes_zones') }}
    where {{ in_scope('collecte_id') }}

),

factures as (

    select * from {{ ref('int_factures_par_collecte') }}
    where {{ in_scope('collecte_id') }}

),

zones_visees as (

    select
        collecte_id,
        count(*) as nombre_zones,
        case
            when count(*) > 1 then {{ several_zones_key() }}
            else max(zone_key)
        end as zone_key
    from ponts
    group by collecte_id

),

facturation as (

    select
        collecte_id,
        sum(nombre_factures) as nombre_factures,
        sum(montant_facture) as montant_facture,
        sum(montant_regle_declare) as montant_regle_declare,
        sum(montant_regle_confirme) as montant_regle_confirme,
        sum(montant_restant_du) as montant_restant_du,
        max(modifie_le) as modifie_le
    from factures
    group by collecte_id

),

final as (

    select
        -- clés
        collectes.collecte_id,
        coalesce(zones_visees.zone_key, {{ unknown_key() }}) as zone_key,
        {{ date_key('collectes.date_debut') }} as date_debut_key,
        {{ date_key('collectes.date_fin_prevue') }} as date_fin_prevue_key,
        {{ date_key(to_day('collectes.cloturee_le')) }} as date_cloture_key,

        -- dimensions dégénérées
        collectes.reference,
        collectes.statut,
        collectes.statut_cloture,
        collectes.date_debut,
        collectes.date_fin_prevue,
        {{ to_day('collectes.cloturee_le') }} as date_cloture,

        -- mesures
        collectes.montant_a_recouvrer,
        collectes.montant_recouvre,
        {{ amount_of('facturation.montant_facture') }} as montant_facture,
        {{ amount_of('facturation.montant_regle_declare') }} as montant_regle_declare,
        {{ amount_of('facturation.montant_regle_confirme') }} as montant_regle_confirme,
        {{ amount_of('facturation.montant_restant_du') }} as montant_restant_du,
        cast(
            greatest(collectes.montant_a_recouvrer - collectes.montant_recouvre, 0)
            as numeric(18, 2)
        ) as montant_restant,
        cast(
            {{ safe_divide('collectes.montant_recouvre', 'collectes.montant_a_recouvrer', 4) }}
            as numeric(18, 4)
        ) as taux_recouvrement,
        {{ number_of('facturation.nombre_factures') }} as nombre_factures,
        {{ number_of('zones_visees.nombre_zones') }} as nombre_zones,
        cast(
            {{ days_from('collectes.date_debut', 'collectes.date_fin_prevue') }} as integer
        ) as duree_prevue_jours,

        -- indicateurs
        coalesce(collectes.statut_cloture = 'cloturee', false) as est_cloturee,
        coalesce(collectes.statut = 'recouvree', false) as est_complete,

        -- traçabilité
        greatest(collectes.modifie_le, facturation.modifie_le) as source_modifie_a,
        {{ change_stamps() }}
    from collectes
    left join zones_visees on collectes.collecte_id = zones_visees.collecte_id
    left join facturation on collectes.collecte_id = facturation.collecte_id

)

select * from final
