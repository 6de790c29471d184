{{ config(
    unique_key=['paiement_id'],
    scope=['facture_id'],
    touched_by={
        'stg_paiements': 'facture_id',
        'fait_factures': 'facture_id',
        'dim_entreprises': 'entreprise_id'
    },
    indexes=[{'columns': ['facture_id']}, {'columns': ['_changement']}],
    more_indexes={
        'encaissements': {
            'columns': [
                'zone_key', known_text('mode_paiement'), known_text('processus_origine'),
                day_of_month('date_paiement')
            ]
        }
    }
) }}

with paiements as (

    select * from {{ ref('stg_paiements') }}
    where {{ in_scope('facture_id') }}

),

factures as (

    select * from {{ ref('fait_factures') }}
    where {{ in_scope('facture_id') }}

),

entreprises as (

    select * from {{ ref('dim_entreprises') }}

),

ordonnes as (

    select
        paiements.*,
        factures.entreprise_id,
        factures.zone_id,
        factures.zone_key,
        factures.processus_origine,
        factures.montant_total,
        factures.source_modifie_a as facture_modifiee_a,
        row_number() over ordre as rang_paiement,
        sum(paiements.montant_paiement) over ordre as cumul_regle
    from paiements
    inner join factures on paiements.facture_id = factures.facture_id
    window ordre as (
        partition by paiements.facture_id
        order by paiements.paye_le nulls last, paiements.paiement_id
    )

),

final as (

    select
        -- clés
        ordonnes.paiement_id,
        ordonnes.facture_id,
        ordonnes.entreprise_id,
        ordonnes.zone_id,
        coalesce(entreprises.entreprise_key, {{ unknown_key() }}) as entreprise_key,
        coalesce(entreprises.domaine_key, {{ unknown_key() }}) as domaine_key,
        ordonnes.zone_key,
        {{ date_key(to_day('ordonnes.paye_le')) }} as date_paiement_key,

        -- dimensions dégénérées
        ordonnes.statut,
        ordonnes.mode_paiement,
        ordonnes.processus_origine,
        {{ to_day('ordonnes.paye_le') }} as date_paiement,

        -- mesures
        ordonnes.montant_paiement,
        cast(ordonnes.rang_paiement as integer) as rang_paiement,
        cast(ordonnes.cumul_regle as numeric(18, 2)) as cumul_regle,
        cast(
            greatest(ordonnes.montant_total - ordonnes.cumul_regle, 0) as numeric(18, 2)
        ) as reste_apres_paiement,

        -- indicateurs
        ordonnes.est_confirme,

        -- traçabilité
        greatest(ordonnes.modifie_le, ordonnes.facture_modifiee_a) as source_modifie_a,
        {{ change_stamps() }}
    from ordonnes
    left join entreprises
        on
            ordonnes.entreprise_id = entreprises.entreprise_id
            and {{ valid_at('entreprises', 'ordonnes.paye_le') }}

)

select * from final
{{ in_key_order() }}
