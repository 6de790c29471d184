{#- An invoice is its client's or, if no version of that enterprise is known, the unknown one's. -#}
{%- set of_its_client = [
    {'premier_jour_mois': month_of('date_creation'), 'entreprise_id': 'entreprise_id'},
    {'premier_jour_mois': month_of('date_creation'), 'entreprise_id': unknown_key()}
] -%}
{{ config(
    unique_key=['premier_jour_mois', 'zone_id', 'entreprise_id'],
    scope=['premier_jour_mois', 'entreprise_id'],
    touched_by={
        'fait_factures': of_its_client,
        'dim_entreprises': 'entreprise_id',
        'dim_zones_industrielles': 'zone_id'
    },
    touched_when_due={
        'relation': 'fait_factures',
        'day': 'date_echeance',
        'condition': is_open(),
        'touches': of_its_client
    },
    indexes=[{'columns': ['entreprise_id', 'premier_jour_mois']}, {'columns': ['_changement']}],
    more_indexes={'par_secteur': {
        'columns': ['premier_jour_mois', 'zone_id', 'nom_domaine'],
        'include': [
            'annee', 'trimestre', 'mois', 'nom_zone', 'nombre_factures', 'montant_facture',
            'nombre_factures_annulees', 'montant_annule', 'montant_regle_declare',
            'montant_regle_confirme', 'montant_restant_du', 'nombre_factures_soldees',
            'nombre_factures_en_retard', 'montant_en_retard', 'montant_non_echu',
            'montant_sans_echeance', 'montant_solde_sans_paiement', 'delai_paiement_total_jours'
        ]
    }}
) }}

with factures as (

    select * from {{ ref('fait_factures') }}

),

versions as (

    select * from {{ ref('dim_entreprises') }}

),

entreprises as (

    {{ latest_enterprises() }}

),

zones as (

    select * from {{ ref('dim_zones_industrielles') }}

),

situees as (

    select
        factures.*,
        versions.entreprise_id as client_id,
        {{ month_of('factures.date_creation') }} as premier_jour_mois,
        {{ is_settled('factures') }} as est_soldee,
        {{ is_open('factures') }} as est_ouverte,
        {{ is_late('factures') }} as est_en_retard
    from factures
    inner join versions on factures.entreprise_key = versions.entreprise_key
    {%- if is_scoped() %}
    inner join {{ scope_table() }} as touches
        on
            versions.entreprise_id = touches.entreprise_id
            and {{ in_month('factures.date_creation', 'touches.premier_jour_mois') }}
    {%- endif %}

),

groupees as (

    select
        premier_jour_mois,
        zone_key,
        client_id,
        {{ number_of('count(*)', where='est_comptee') }} as nombre_factures,
        {{ amount_of('sum(montant_total)', where='est_comptee') }} as montant_facture,
        {{ number_of('count(*)', where='not est_comptee') }} as nombre_factures_annulees,
        {{ amount_of('sum(montant_total)', where='not est_comptee') }} as montant_annule,
        {{ amount_of('sum(montant_regle_declare)', where='est_comptee') }}
            as montant_regle_declare,
        {{ amount_of('sum(montant_regle_confirme)', where='est_comptee') }}
            as montant_regle_confirme,
        {{ amount_of('sum(montant_restant_du)') }} as montant_restant_du,
        {{ number_of('count(*)', where='est_soldee') }} as nombre_factures_soldees,
        {{ number_of('count(*)', where='est_en_retard') }} as nombre_factures_en_retard,
        {{ amount_of('sum(montant_restant_du)', where='est_en_retard') }} as montant_en_retard,
        {{ amount_of(
            'sum(montant_restant_du)',
            where='est_ouverte and not est_en_retard and date_echeance is not null'
        ) }} as montant_non_echu,
        {{ amount_of(
            'sum(montant_restant_du)', where='est_ouverte and date_echeance is null'
        ) }} as montant_sans_echeance,
        -- Payments that reach the total leave nothing: the source's payment day settled these.
        {{ amount_of('sum(montant_restant_du)', where='est_soldee') }}
            as montant_solde_sans_paiement,
        sum(delai_paiement_jours) filter (where est_soldee) as delai_paiement_jours
    from situees
    group by premier_jour_mois, zone_key, client_id

),

final as (

    select
        groupees.premier_jour_mois,
        {{ parts_of_month('groupees.premier_jour_mois') }},
        zones.zone_id,
        zones.nom_zone,
        entreprises.entreprise_id,
        entreprises.raison_sociale,
        entreprises.nom_domaine,
        groupees.nombre_factures,
        groupees.montant_facture,
        groupees.nombre_factures_annulees,
        groupees.montant_annule,
        groupees.montant_regle_declare,
        groupees.montant_regle_confirme,
        groupees.montant_restant_du,
        groupees.nombre_factures_soldees,
        groupees.nombre_factures_en_retard,
        groupees.montant_en_retard,
        groupees.montant_non_echu,
        groupees.montant_sans_echeance,
        groupees.montant_solde_sans_paiement,
        {{ number_of('groupees.delai_paiement_jours') }} as delai_paiement_total_jours,
        cast(
            {{ safe_divide('groupees.delai_paiement_jours', 'groupees.nombre_factures_soldees') }}
            as numeric(18, 2)
        ) as delai_paiement_moyen_jours,
        {{ rate_pct('groupees.montant_regle_declare', 'groupees.montant_facture') }}
            as taux_recouvrement_pct,
        {{ rate_pct('groupees.montant_regle_confirme', 'groupees.montant_facture') }}
            as taux_recouvrement_confirme_pct,
        {{ rate_pct('groupees.nombre_factures_soldees', 'groupees.nombre_factures') }}
            as taux_factures_soldees_pct,
        {{ change_stamps() }}
    from groupees
    inner join zones on groupees.zone_key = zones.zone_key
    inner join entreprises on groupees.client_id = entreprises.entreprise_id

)

select * from final
