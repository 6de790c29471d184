-- One row a case of each process. What a word says of a case is written out here once more.
with cas as (
    select
        'implantation' as processus, s.id as dossier_id, s.demande_attribution_id as demande_id,
        null::integer as lot_id, null::integer as statut_incident_id,
        null::integer as entreprise_id, null::integer as zone_id, null::text as reference,
        s.statut::text as statut,
        (
            select nullif(btrim(e.nom, E' \t\r\n\u00a0'), '')
            from etapes_suivi_implantation as e
            where e.suivi_implantation_id = s.id and e.statut::text is distinct from 'TERMINE'
            order by e.ordre, e.id
            limit 1
        ) as etape_courante,
        (s.date_debut_suivi at time zone 'UTC')::date as date_ouverture,
        (s.date_limite_implantation at time zone 'UTC')::date as date_limite,
        (s.date_implantation_effective at time zone 'UTC')::date as cloture,
        s.updated_at as modifie_le, null::numeric as montant, s.progression as progression_pct
    from suivis_implantation as s
    union all
    select
        'infraction', id, null, lot_id, null, entreprise_id, null, reference, statut::text,
        etape_actuelle::text, (created_at at time zone 'UTC')::date, date_limite_regularisation,
        null, updated_at, null, null
    from workflow_infractions
    union all
    select
        'infraction_convention', id, null, null, null, entreprise_id, null, reference, statut::text,
        etape_actuelle::text, (created_at at time zone 'UTC')::date, date_limite_regularisation,
        (date_cloture at time zone 'UTC')::date, updated_at, null, null
    from workflow_infractions_conventions
    union all
    select
        'convention', id, null, null, null, null, null, numero_convention, statut::text,
        etape_actuelle::text, (date_creation at time zone 'UTC')::date, null, null,
        date_modification, null, null
    from conventions
    union all
    select
        'impense', id, null, lot_id, null, entreprise_id, null, numero_dossier, statut::text,
        etape_actuelle::text, (created_at at time zone 'UTC')::date, null,
        (date_cloture at time zone 'UTC')::date, updated_at, montant_notification, null
    from impenses
    union all
    select
        'indemnisation', i.id, null, null, null, null, i.zone_id, null, i.statut::text,
        i.etape_actuelle::text, i.date_creation, null, null,
        greatest(
            i.updated_at,
            (select max(updated_at) from paiements_indemnisation where indemnisation_id = i.id)
        ),
        i.montant_restant + coalesce(
            (select sum(montant_verser) from paiements_indemnisation where indemnisation_id = i.id),
            0
        ),
        null
    from indemnisations as i
    union all
    select
        'retrait_lot', id, null, lot_id, null, null, null, numero_retrait, statut::text,
        etape_actuelle::text, (created_at at time zone 'UTC')::date, null, null, updated_at, null,
        null
    from retrait_lots
    union all
    select
        'retrait_convention', id, null, null, null,
        case when operateur_type::text = 'entreprise' then operateur_id end, null, numero_retrait,
        statut::text, etape_actuelle::text, (created_at at time zone 'UTC')::date, null, null,
        updated_at, null, null
    from "retrait_Conventions"
    union all
    select
        'sinistre', s.id, null, null, s.statut_incident_id, null, null, s.reference, t.label,
        t.workflow_step::text, (s.created_at at time zone 'UTC')::date, null, null,
        greatest(s.updated_at, t.updated_at), null, null
    from sinistres as s
    left join statuts_incident as t on t.id = s.statut_incident_id
),

juges as (
    select
        cas.*,
        d.entreprise_id as demandeur_id,
        coalesce(l.zone_industrielle_id, cas.zone_id, d.zone_id) as zone,
        case when d.type_demande::text = 'HORS_ZONE_INDUSTRIELLE' then -3 else -1 end as absente,
        case
            when propre.mot ~ '^(annulee?|abandonnee?|classee? sans suite)$'
                and cas.processus not in ('implantation', 'indemnisation') then 'abandonné'
            when propre.mot ~ '^(rejetee?|refusee?)$' and cas.processus = 'convention'
                then 'abandonné'
            when propre.mot = 'refuse' and cas.processus = 'indemnisation' then 'abandonné'
            when propre.mot = 'rejete' and cas.processus = 'sinistre' then 'abandonné'
            when propre.mot ~ '^(termine|indemnise|totalement indemnise|complete)$' then 'clos'
            when propre.mot ~ '^(cloturee?|terminee|regularisee?|signee?|validee?)$'
                and cas.processus not in ('implantation', 'indemnisation', 'retrait_lot', 'retrait_convention')
                then 'clos'
            when cas.cloture is not null then 'clos'
            else 'ouvert'
        end as etat
    from cas
    cross join lateral (
        select regexp_replace(
            btrim(
                lower(regexp_replace(normalize(cas.statut, nfd), '[\u0300-\u036f]', '', 'g')),
                E' \t\r\n\u00a0'
            ),
            '[_\s\u00a0-]+', ' ', 'g'
        ) as mot
    ) as propre
    left join demandes_attribution as d on d.id = cas.demande_id
    left join lots as l on l.id = cas.lot_id
)

select
    processus,
    dossier_id,
    demande_id,
    lot_id,
    statut_incident_id,
    coalesce(entreprise_id, demandeur_id) as entreprise_id,
    zone as zone_id,
    coalesce(zone, absente) as zone_key,
    nullif(btrim(reference, E' \t\r\n\u00a0'), '') as reference,
    nullif(
        btrim(regexp_replace(
            regexp_replace(normalize(statut, nfc), '[\u200b-\u200f\u2060-\u2064\ufeff\u00ad]', '', 'g'),
            ' *[\t\n\r\u00a0\u2000-\u200a\u202f][\s\u00a0]*', ' ', 'g'
        )),
        ''
    ) as statut,
    etat,
    nullif(btrim(etape_courante, E' \t\r\n\u00a0'), '') as etape_courante,
    date_ouverture,
    date_limite,
    case
        when etat <> 'ouvert' then coalesce(cloture, (modifie_le at time zone 'UTC')::date)
    end as date_cloture,
    case
        when etat <> 'ouvert'
            then coalesce(cloture, (modifie_le at time zone 'UTC')::date) - date_ouverture
    end as duree_jours,
    montant,
    progression_pct
from juges
