{{ config(
    unique_key=['processus', 'dossier_id'],
    touched_by={
        'stg_suivis_implantation': {'processus': "'implantation'", 'dossier_id': 'suivi_id'},
        'stg_etapes_suivi_implantation': {
            'processus': "'implantation'", 'dossier_id': 'suivi_id'
        },
        'stg_workflow_infractions': {'processus': "'infraction'", 'dossier_id': 'infraction_id'},
        'stg_workflow_infractions_conventions': {
            'processus': "'infraction_convention'", 'dossier_id': 'infraction_convention_id'
        },
        'stg_conventions': {'processus': "'convention'", 'dossier_id': 'convention_id'},
        'stg_impenses': {'processus': "'impense'", 'dossier_id': 'impense_id'},
        'stg_indemnisations': {'processus': "'indemnisation'", 'dossier_id': 'indemnisation_id'},
        'stg_paiements_indemnisation': {
            'processus': "'indemnisation'", 'dossier_id': 'indemnisation_id'
        },
        'stg_retrait_lots': {'processus': "'retrait_lot'", 'dossier_id': 'retrait_lot_id'},
        'stg_retrait_conventions': {
            'processus': "'retrait_convention'", 'dossier_id': 'retrait_convention_id'
        },
        'stg_sinistres': {'processus': "'sinistre'", 'dossier_id': 'sinistre_id'},
        'stg_statuts_incident': {'statut_incident_id': 'statut_incident_id'},
        'stg_lots': 'lot_id',
        'fait_attributions': 'demande_id',
        'dim_entreprises': 'entreprise_id',
        'dim_zones_industrielles': 'existence of zone_id'
    },
    indexes=[{'columns': ['_changement']}],
    more_indexes={
        'suivi': {'columns': ['processus', 'zone_key', day_of_month('date_ouverture')]}
    }
) }}

{# Of each process, where its cases are and under which names it has what all of them may have. #}
{%- set processus = {
    'implantation': {
        'relation': 'suivis', 'cle': 'suivi_id', 'etape_courante': 'nom_etape',
        'demande_id': 'demande_id', 'ouvert_le': 'debute_le',
        'date_limite': to_day('limite_le'), 'cloture_le': 'implante_le',
        'progression_pct': 'progression'
    },
    'infraction': {
        'relation': ref('stg_workflow_infractions'), 'cle': 'infraction_id',
        'reference': 'reference', 'lot_id': 'lot_id', 'entreprise_id': 'entreprise_id',
        'date_limite': 'date_limite'
    },
    'infraction_convention': {
        'relation': ref('stg_workflow_infractions_conventions'),
        'cle': 'infraction_convention_id', 'reference': 'reference',
        'entreprise_id': 'entreprise_id', 'date_limite': 'date_limite',
        'cloture_le': 'cloture_le'
    },
    'convention': {
        'relation': ref('stg_conventions'), 'cle': 'convention_id',
        'reference': 'numero_convention'
    },
    'impense': {
        'relation': ref('stg_impenses'), 'cle': 'impense_id', 'reference': 'reference',
        'lot_id': 'lot_id', 'entreprise_id': 'entreprise_id', 'cloture_le': 'cloture_le',
        'montant': 'montant'
    },
    'indemnisation': {
        'relation': 'indemnisations', 'cle': 'indemnisation_id', 'zone_id': 'zone_id',
        'ouvert_le': 'ouvert_le', 'montant': 'montant'
    },
    'retrait_lot': {
        'relation': ref('stg_retrait_lots'), 'cle': 'retrait_lot_id', 'reference': 'reference',
        'lot_id': 'lot_id'
    },
    'retrait_convention': {
        'relation': ref('stg_retrait_conventions'), 'cle': 'retrait_convention_id',
        'reference': 'reference', 'entreprise_id': 'entreprise_id'
    },
    'sinistre': {
        'relation': 'sinistres', 'cle': 'sinistre_id', 'reference': 'reference',
        'statut_incident_id': 'statut_incident_id'
    },
} -%}

-- A settlement is at the first of its steps that is not done.
with etapes_a_faire as (

    select
        suivi_id,
        nom_etape,
        row_number() over (
            partition by suivi_id order by ordre nulls last, etape_suivi_id
        ) as rang
    from {{ ref('stg_etapes_suivi_implantation') }}
    where
        {{ normalise_text('statut') }} is distinct from 'termine'
        and {{ in_part_of_scope('implantation', 'suivi_id') }}

),

suivis as (

    select
        suivis.*,
        etapes_a_faire.nom_etape
    from {{ ref('stg_suivis_implantation') }} as suivis
    left join etapes_a_faire
        on suivis.suivi_id = etapes_a_faire.suivi_id and etapes_a_faire.rang = 1

),

versements as (

    select
        indemnisation_id,
        sum(montant_verse) as montant_verse,
        max(modifie_le) as modifie_le
    from {{ ref('stg_paiements_indemnisation') }}
    where {{ in_part_of_scope('indemnisation', 'indemnisation_id') }}
    group by indemnisation_id

),

indemnisations as (

    select
        dues.indemnisation_id,
        dues.zone_id,
        dues.statut,
        dues.etape_courante,
        {{ moment_in_utc('dues.date_creation') }} as ouvert_le,
        dues.montant_restant + coalesce(versements.montant_verse, 0) as montant,
        greatest(dues.modifie_le, versements.modifie_le) as modifie_le
    from {{ ref('stg_indemnisations') }} as dues
    left join versements on dues.indemnisation_id = versements.indemnisation_id

),

sinistres as (

    select
        declares.sinistre_id,
        declares.reference,
        declares.statut_incident_id,
        statuts.statut,
        statuts.etape_courante,
        declares.cree_le,
        greatest(declares.modifie_le, statuts.modifie_le) as modifie_le
    from {{ ref('stg_sinistres') }} as declares
    left join {{ ref('stg_statuts_incident') }} as statuts
        on declares.statut_incident_id = statuts.statut_incident_id

),

dossiers as (

    {% for nom, noms in processus.items() -%}
        select
            '{{ nom }}' as processus,
            {{ noms.cle }} as dossier_id,
            statut,
            cast(
                {{ noms.etape_courante or 'etape_courante' }} as {{ dbt.type_string() }}
            ) as etape_courante,
            cast({{ noms.reference or 'null' }} as {{ dbt.type_string() }}) as reference,
            cast({{ noms.demande_id or 'null' }} as integer) as demande_id,
            cast({{ noms.lot_id or 'null' }} as integer) as lot_id,
            cast({{ noms.statut_incident_id or 'null' }} as integer) as statut_incident_id,
            cast({{ noms.entreprise_id or 'null' }} as integer) as entreprise_id,
            cast({{ noms.zone_id or 'null' }} as integer) as zone_id,
            {{ noms.ouvert_le or 'cree_le' }} as ouvert_le,
            cast({{ noms.date_limite or 'null' }} as date) as date_limite,
            cast({{ noms.cloture_le or 'null' }} as {{ type_moment() }}) as cloture_le,
            cast({{ noms.montant or 'null' }} as numeric(18, 2)) as montant,
            cast({{ noms.progression_pct or 'null' }} as numeric(5, 2)) as progression_pct,
            modifie_le
        from {{ noms.relation }}
        where {{ in_part_of_scope(nom, noms.cle) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

mots as (

    {{ case_words() }}

),

-- A case that has a closing day is closed, whatever its word.
situes as (

    select
        dossiers.processus,
        dossiers.dossier_id,
        dossiers.reference,
        dossiers.statut,
        dossiers.etape_courante,
        dossiers.statut_incident_id,
        dossiers.demande_id,
        dossiers.lot_id,
        dossiers.ouvert_le,
        dossiers.date_limite,
        dossiers.montant,
        dossiers.progression_pct,
        coalesce(dossiers.entreprise_id, demandes.entreprise_id) as entreprise_id,
        coalesce(lots.zone_id, dossiers.zone_id, demandes.zone_id) as zone_id,
        demandes.zone_key as zone_demande_key,
        {{ to_day('dossiers.ouvert_le') }} as date_ouverture,
        case
            when coalesce(mots.etat, 'ouvert') <> 'ouvert'
                then {{ to_day('coalesce(dossiers.cloture_le, dossiers.modifie_le)') }}
            else {{ to_day('dossiers.cloture_le') }}
        end as date_cloture,
        case
            when coalesce(mots.etat, 'ouvert') <> 'ouvert' then mots.etat
            when dossiers.cloture_le is not null then 'clos'
            else 'ouvert'
        end as etat,
        greatest(
            dossiers.modifie_le, demandes.source_modifie_a, lots.modifie_le
        ) as source_modifie_a
    from dossiers
    left join mots
        on
            dossiers.processus = mots.processus
            and {{ case_word('dossiers.statut') }} = mots.mot
    left join {{ ref('fait_attributions') }} as demandes
        on dossiers.demande_id = demandes.demande_id
    left join {{ ref('stg_lots') }} as lots on dossiers.lot_id = lots.lot_id

),

final as (

    select
        -- clés
        situes.processus,
        situes.dossier_id,
        situes.demande_id,
        situes.lot_id,
        situes.statut_incident_id,
        situes.entreprise_id,
        situes.zone_id,
        coalesce(entreprises.entreprise_key, {{ unknown_key() }}) as entreprise_key,
        coalesce(entreprises.domaine_key, {{ unknown_key() }}) as domaine_key,
        case
            when situes.zone_id is null
                then coalesce(situes.zone_demande_key, {{ unknown_key() }})
            else coalesce(zones.zone_key, {{ unknown_key() }})
        end as zone_key,
        {{ date_key('situes.date_ouverture') }} as date_ouverture_key,
        {{ date_key('situes.date_limite') }} as date_limite_key,
        {{ date_key('situes.date_cloture') }} as date_cloture_key,

        -- dimensions dégénérées
        situes.reference,
        situes.statut,
        situes.etat,
        situes.etape_courante,
        situes.date_ouverture,
        situes.date_limite,
        situes.date_cloture,

        -- mesures
        cast(
            {{ days_from('situes.date_ouverture', 'situes.date_cloture') }} as numeric(18, 2)
        ) as duree_jours,
        situes.montant,
        situes.progression_pct,

        -- traçabilité
        situes.source_modifie_a,
        {{ change_stamps() }}
    from situes
    left join {{ ref('dim_entreprises') }} as entreprises
        on
            situes.entreprise_id = entreprises.entreprise_id
            and {{ valid_at('entreprises', 'situes.ouvert_le') }}
    left join {{ ref('dim_zones_industrielles') }} as zones
        on situes.zone_id = zones.zone_id

)

select * from final
{{ in_key_order() }}
