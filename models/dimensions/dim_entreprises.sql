{{ config(
    unique_key=['entreprise_key'],
    scope=['entreprise_id'],
    touched_by={
        'snap_entreprises': 'entreprise_id',
        'stg_entreprise_domaines': 'entreprise_id',
        'dim_domaines_activites': {'domaine_activite_id': 'domaine_id'}
    },
    indexes=[{'columns': ['entreprise_id']}, {'columns': ['_changement']}]
) }}

with versions as (

    {{ scd_versions(ref('snap_entreprises'), 'entreprise_id') }}

),

ponts as (

    select
        entreprise_id,
        domaine_activite_id,
        row_number() over (
            partition by entreprise_id order by entreprise_domaine_id
        ) as rang
    from {{ ref('stg_entreprise_domaines') }}
    where domaine_activite_id is not null and {{ in_scope('entreprise_id') }}

),

secteurs_du_pont as (

    select
        entreprise_id,
        max(domaine_activite_id) filter (where rang = 1) as premier_secteur_id,
        count(distinct domaine_activite_id) as nombre_secteurs
    from ponts
    group by entreprise_id

),

domaines as (

    select * from {{ ref('dim_domaines_activites') }}

),

-- The main sector may be missing although the bridge has some, or be missing from the bridge.
secteurs as (

    select
        versions.*,
        coalesce(
            versions.domaine_activite_id, secteurs_du_pont.premier_secteur_id
        ) as secteur_id,
        coalesce(secteurs_du_pont.nombre_secteurs, 0)
        + case
            when versions.domaine_activite_id is not null and ponts.entreprise_id is null then 1
            else 0
        end as nombre_domaines
    from versions
    left join secteurs_du_pont
        on versions.entreprise_id = secteurs_du_pont.entreprise_id
    left join ponts
        on
            versions.entreprise_id = ponts.entreprise_id
            and versions.domaine_activite_id = ponts.domaine_activite_id

),

final as (

    select
        secteurs.version_key as entreprise_key,
        secteurs.entreprise_id,
        cast(secteurs.numero_version as integer) as numero_version,
        coalesce(domaines.domaine_key, {{ unknown_key() }}) as domaine_key,
        secteurs.raison_sociale,
        secteurs.forme_juridique,
        secteurs.registre_commerce,
        secteurs.compte_contribuable,
        secteurs.telephone,
        secteurs.email,
        secteurs.adresse,
        {{ plausible_time('secteurs.date_constitution') }} as date_constitution,
        secteurs.secteur_id as domaine_activite_id,
        coalesce(domaines.nom_domaine, 'Inconnu') as nom_domaine,
        cast(secteurs.nombre_domaines as integer) as nombre_domaines,
        secteurs.valid_from,
        secteurs.valid_to,
        secteurs.is_current,
        {{ change_stamps() }}
    from secteurs
    left join domaines on secteurs.secteur_id = domaines.domaine_id

    union all

    select
        {{ unknown_key() }} as entreprise_key,
        {{ unknown_key() }} as entreprise_id,
        1 as numero_version,
        {{ unknown_key() }} as domaine_key,
        'Inconnu' as raison_sociale,
        'Inconnu' as forme_juridique,
        null as registre_commerce,
        null as compte_contribuable,
        null as telephone,
        null as email,
        null as adresse,
        null as date_constitution,
        {{ unknown_key() }} as domaine_activite_id,
        'Inconnu' as nom_domaine,
        0 as nombre_domaines,
        {{ beginning_of_time() }} as valid_from,
        null as valid_to,
        true as is_current,
        {{ change_stamps() }}

)

select * from final
