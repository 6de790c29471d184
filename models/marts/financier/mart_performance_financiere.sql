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
        'condition': 'est_comptee and date_solde is null',
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
        factures.est_comptee and factures.date_solde is not null as est_soldee,
        factures.est_comptee and factures.date_solde is null as est_ouverte,
        coalesce(factures.date_echeance < {{ reference_date() }}, false) as est_echue
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
        count(*) filter (where est_comptee) as nombre_factures,
        coalesce(sum(montant_total) filter (where est_comptee), 0) as montant_facture,
        count(*) filter (where not est_comptee) as nombre_factures_annulees,
        coalesce(sum(montant_total) filter (where not est_comptee), 0) as montant_annule,
        coalesce(
            sum(montant_regle_declare) filter (where est_comptee), 0
        ) as montant_regle_declare,
        coalesce(
            sum(montant_regle_confirme) filter (where est_comptee), 0
        ) as montant_regle_confirme,
        sum(montant_restant_du) as montant_restant_du,
        count(*) filter (where est_soldee) as nombre_factures_soldees,
        count(*) filter (where est_ouverte and est_echue) as nombre_factures_en_retard,
        coalesce(
            sum(montant_restant_du) filter (where est_ouverte and est_echue), 0
        ) as montant_en_retard,
        coalesce(
            sum(montant_restant_du) filter (
                where est_ouverte and not est_echue and date_echeance is not null
            ), 0
        ) as montant_non_echu,
        coalesce(
            sum(montant_restant_du) filter (where est_ouverte and date_echeance is null), 0
        ) as montant_sans_echeance,
        -- Payments that reach the total leave nothing: the source's payment day settled these.
        coalesce(
            sum(montant_restant_du) filter (where est_soldee), 0
        ) as montant_solde_sans_paiement,
        sum(delai_paiement_jours) filter (where est_soldee) as delai_paiement_jours
    from situees
    group by premier_jour_mois, zone_key, client_id

),

final as (

    select
        groupees.premier_jour_mois,
        cast(extract(year from groupees.premier_jour_mois) as integer) as annee,
        cast(extract(quarter from groupees.premier_jour_mois) as integer) as trimestre,
        cast(extract(month from groupees.premier_jour_mois) as integer) as mois,
        zones.zone_id,
        zones.nom_zone,
        entreprises.entreprise_id,
        entreprises.raison_sociale,
        entreprises.nom_domaine,
        cast(groupees.nombre_factures as integer) as nombre_factures,
        cast(groupees.montant_facture as numeric(18, 2)) as montant_facture,
        cast(groupees.nombre_factures_annulees as integer) as nombre_factures_annulees,
        cast(groupees.montant_annule as numeric(18, 2)) as montant_annule,
        cast(groupees.montant_regle_declare as numeric(18, 2)) as montant_regle_declare,
        cast(groupees.montant_regle_confirme as numeric(18, 2)) as montant_regle_confirme,
        cast(groupees.montant_restant_du as numeric(18, 2)) as montant_restant_du,
        cast(groupees.nombre_factures_soldees as integer) as nombre_factures_soldees,
        cast(groupees.nombre_factures_en_retard as integer) as nombre_factures_en_retard,
        cast(groupees.montant_en_retard as numeric(18, 2)) as montant_en_retard,
        cast(groupees.montant_non_echu as numeric(18, 2)) as montant_non_echu,
        cast(groupees.montant_sans_echeance as numeric(18, 2)) as montant_sans_echeance,
        cast(
            groupees.montant_solde_sans_paiement as numeric(18, 2)
        ) as montant_solde_sans_paiement,
        cast(coalesce(groupees.delai_paiement_jours, 0) as integer) as delai_paiement_total_jours,
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
