{#- An invoice is its client's or, if no version of that enterprise is known, the unknown one's. -#}
{%- set of_its_client = [{'entreprise_id': 'entreprise_id'}, {'entreprise_id': unknown_key()}] -%}
{{ config(
    unique_key=['zone_id', 'entreprise_id', 'tranche'],
    scope=['entreprise_id'],
    touched_by={
        'fait_factures': of_its_client,
        'dim_entreprises': 'entreprise_id',
        'dim_zones_industrielles': 'zone_id'
    },
    touched_when_due={
        'relation': 'fait_factures',
        'day': 'date_echeance',
        'days_later': age_limits(),
        'condition': is_open(),
        'touches': of_its_client
    },
    indexes=[{'columns': ['entreprise_id']}, {'columns': ['_changement']}],
    meta={'publie_trie_par': 'montant_restant_du'}
) }}

with factures as (

    select * from {{ ref('fait_factures') }}
    where montant_restant_du > 0

),

versions as (

    select * from {{ ref('dim_entreprises') }}
    where {{ in_scope('entreprise_id') }}

),

entreprises as (

    {{ latest_enterprises() }}

),

zones as (

    select * from {{ ref('dim_zones_industrielles') }}

),

classees as (

    select
        factures.zone_key,
        versions.entreprise_id as client_id,
        factures.montant_restant_du,
        {{ age_tranche_of('factures') }} as ordre_tranche
    from factures
    inner join versions on factures.entreprise_key = versions.entreprise_key

),

groupees as (

    select
        zone_key,
        client_id,
        ordre_tranche,
        {{ number_of('count(*)') }} as nombre_factures,
        {{ amount_of('sum(montant_restant_du)') }} as montant_restant_du
    from classees
    group by zone_key, client_id, ordre_tranche

),

final as (

    select
        zones.zone_id,
        zones.nom_zone,
        entreprises.entreprise_id,
        entreprises.raison_sociale,
        entreprises.nom_domaine,
        {{ age_tranche_at('groupees.ordre_tranche') }} as tranche,
        groupees.ordre_tranche,
        groupees.nombre_factures,
        groupees.montant_restant_du,
        {{ change_stamps() }}
    from groupees
    inner join zones on groupees.zone_key = zones.zone_key
    inner join entreprises on groupees.client_id = entreprises.entreprise_id

)

select * from final
