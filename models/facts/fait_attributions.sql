{{ config(
    unique_key=['demande_id'],
    touched_by={
        'stg_demandes_attribution': 'demande_id',
        'pont_attributions_lots': 'demande_id',
        'stg_lots': 'lot_id in pont_attributions_lots',
        'dim_entreprises': 'entreprise_id',
        'dim_zones_industrielles': 'existence of zone_id'
    },
    indexes=[{'columns': ['_changement']}]
) }}

with demandes as (

    select * from {{ ref('stg_demandes_attribution') }}
    where {{ in_scope('demande_id') }}

),

ponts as (

    select * from {{ ref('pont_attributions_lots') }}
    where {{ in_scope('demande_id') }}

),

lots as (

    select * from {{ ref('stg_lots') }}

),

entreprises as (

    select * from {{ ref('dim_entreprises') }}

),

zones as (

    select * from {{ ref('dim_zones_industrielles') }}

),

lots_demandes as (

    select
        ponts.demande_id,
        count(*) as nombre_lots,
        count(*) - count(lots.superficie_m2) as lots_sans_superficie,
        sum(lots.superficie_m2) as superficie_demandee_m2,
        sum(lots.prix) as montant_attribution,
        max(greatest(ponts.source_modifie_a, lots.modifie_le)) as modifie_le
    from ponts
    left join lots on ponts.lot_id = lots.lot_id
    group by ponts.demande_id

),

decidees as (

    select
        demandes.*,
        {{ to_day('demandes.cree_le') }} as date_demande,
        case
            when demandes.statut in ('VALIDE', 'REJETE')
                then {{ to_day('demandes.modifie_le') }}
        end as date_decision
    from demandes

),

final as (

    select
        -- clés
        decidees.demande_id,
        decidees.entreprise_id,
        decidees.zone_id,
        coalesce(entreprises.entreprise_key, {{ unknown_key() }}) as entreprise_key,
        coalesce(entreprises.domaine_key, {{ unknown_key() }}) as domaine_key,
        case
            when decidees.zone_id is null
                then {{ absent_zone_key('decidees.type_demande') }}
            else coalesce(zones.zone_key, {{ unknown_key() }})
        end as zone_key,
        {{ date_key('decidees.date_demande') }} as date_demande_key,
        {{ date_key('decidees.date_decision') }} as date_decision_key,

        -- dimensions dégénérées
        decidees.reference,
        decidees.statut,
        decidees.etape_courante,
        decidees.type_demande,
        decidees.priorite,
        decidees.date_demande,
        decidees.date_decision,

        -- mesures
        {{ number_of('lots_demandes.nombre_lots') }} as nombre_lots,
        {{ amount_of('lots_demandes.superficie_demandee_m2') }} as superficie_demandee_m2,
        {{ number_of('lots_demandes.lots_sans_superficie') }} as lots_sans_superficie,
        {{ amount_of('lots_demandes.montant_attribution') }} as montant_attribution,
        decidees.montant_financement,
        decidees.nombre_emplois,
        decidees.montant_financement as montant_investissement,
        decidees.nombre_emplois as emplois_total,
        decidees.emplois_nationaux,
        decidees.emplois_expatries,
        decidees.emplois_cadres,
        cast(
            {{ days_from('decidees.date_demande', 'decidees.date_decision') }}
            as numeric(18, 2)
        ) as delai_traitement_jours,

        -- indicateurs
        coalesce(decidees.statut = 'VALIDE', false) as est_approuve,
        coalesce(decidees.statut = 'REJETE', false) as est_rejete,
        coalesce(
            decidees.statut in ('EN_COURS', 'DOCUMENTS_REJETES'), false
        ) as est_en_attente,

        -- traçabilité
        greatest(decidees.modifie_le, lots_demandes.modifie_le) as source_modifie_a,
        {{ change_stamps() }}
    from decidees
    left join lots_demandes on decidees.demande_id = lots_demandes.demande_id
    left join entreprises
        on
            decidees.entreprise_id = entreprises.entreprise_id
            and {{ valid_at('entreprises', 'decidees.cree_le') }}
    left join zones on decidees.zone_id = zones.zone_id

)

select * from final
