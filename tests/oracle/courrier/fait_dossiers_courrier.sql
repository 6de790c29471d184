-- One row a letter.
with w as (
    select
        cle,
        document as d,
        coalesce(document ->> 'status', document ->> 'statut') as statut,
        coalesce(document ->> 'priority', document ->> 'priorite') as priorite,
        coalesce(document ->> 'valide', 'false') as valide,
        coalesce(document ->> 'envoye', 'false') as envoye,
        coalesce(document ->> 'archive', 'false') as archive
    from raw_courrier.workflow_history
    where _supprime_le is null
),

jours as (
    select
        w.*,
        left(coalesce(d ->> 'created_at', d ->> 'cree_le'), 10)::date as cree,
        left(coalesce(d ->> 'due_date', d ->> 'echeance'), 10)::date as echeance,
        left(coalesce(d ->> 'completed_at', d ->> 'termine_le'), 10)::date as fin,
        left(coalesce(d ->> 'updated_at', d ->> 'maj_le'), 10)::date as maj,
        case when valide ~ '^\d' then left(valide, 10)::date end as j_valide,
        case when envoye ~ '^\d' then left(envoye, 10)::date end as j_envoye,
        case when archive ~ '^\d' then left(archive, 10)::date end as j_archive,
        s.publie as statut_connu,
        s.clot,
        p.publie as priorite_connue
    from w
    left join {courrier/mots} as s
        on s.champ = 'statut' and replace(translate(lower(w.statut), 'éèàâ', 'eeaa'), ' ', '_')
            = any(string_to_array(s.mots, ' '))
    left join {courrier/mots} as p
        on p.champ = 'priorite' and translate(lower(w.priorite), 'éèàâ', 'eeaa')
            = any(string_to_array(p.mots, ' '))
),

etats as (
    select
        *,
        case
            when envoye <> 'false' or archive <> 'false' then true
            when clot is not null then clot
            else fin is not null
        end as clos,
        coalesce(
            statut_connu,
            statut,
            case
                when archive <> 'false' then 'archivé'
                when envoye <> 'false' then 'envoyé'
                when valide <> 'false' then 'validé'
                else 'Inconnu'
            end
        ) as statut_publie
    from jours
),

fins as (
    select
        *,
        case when clos then coalesce(fin, j_envoye, j_archive, maj) end as cloture,
        clos and statut_publie <> 'annulé' as termine
    from etats
)

select
    cle as dossier_id,
    coalesce((
        select u.cle from raw_courrier.users as u
        where u._supprime_le is null and u.cle = coalesce(d ->> 'user_id', d ->> 'utilisateur_id')
    ), 'Inconnu') as utilisateur_id,
    coalesce((
        select t.cle from raw_courrier.templates as t
        where t._supprime_le is null and t.cle = coalesce(d ->> 'template_id', d ->> 'modele_id')
    ), 'Inconnu') as modele_id,
    coalesce((
        select s.cle from raw_courrier.signatures as s
        where s._supprime_le is null and s.cle = d ->> 'signature_id'
    ), 'Inconnu') as signature_id,
    statut_publie as statut,
    coalesce(priorite_connue, priorite, 'Inconnu') as priorite,
    coalesce(d ->> 'source', 'Inconnu') as source_dossier,
    cree as date_creation,
    coalesce(to_char(cree, 'YYYYMMDD')::integer, -1) as date_creation_key,
    echeance as date_echeance,
    coalesce(to_char(echeance, 'YYYYMMDD')::integer, -1) as date_echeance_key,
    cloture as date_cloture,
    coalesce(to_char(cloture, 'YYYYMMDD')::integer, -1) as date_cloture_key,
    d ->> 'etape_actuelle' as etape_actuelle,
    valide <> 'false' as est_valide,
    j_valide as date_validation,
    envoye <> 'false' as est_envoye,
    j_envoye as date_envoi,
    archive <> 'false' as est_archive,
    j_archive as date_archivage,
    (select count(*) from unnest(array[valide, envoye, archive]) as etape where etape <> 'false')::integer
        as etapes_faites,
    (d ->> 'progress')::numeric(18, 2) as avancement_pct,
    clos as est_clos,
    termine as est_termine,
    case when termine then cloture - cree end as duree_jours,
    coalesce(jsonb_array_length(d -> 'messages'), 0) as nombre_messages
from fins
