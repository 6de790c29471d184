-- Cases of each process: open, closed or given up; some are past their limit, some never end.
create function sigeti_demo.cases(entity text) returns table (
    id integer, outcome text, opened timestamptz, changed timestamptz, days integer
)
language sql stable as $$
    select
        id,
        outcome,
        sigeti_demo.office_hour(age, id, entity || ' opened'),
        sigeti_demo.office_hour(
            case outcome
                when 'open'
                    then age - 1 - sigeti_demo.draw(id, entity || ' moved', least(age - 1, 90))
                else age - life
            end,
            id,
            entity || ' changed'
        ),
        age
    from (
        select
            id,
            age,
            life,
            case
                when life >= age or id % 5 = 2 then 'open'
                when id % 9 = 4 then 'dropped'
                else 'closed'
            end as outcome
        from (
            select
                id,
                (2 + (sigeti_demo.size(entity) - id) * 1090 / sigeti_demo.size(entity))::integer
                    as age,
                20 + sigeti_demo.draw(id, entity || ' life', 300) as life
            from generate_series(1, sigeti_demo.size(entity)) as id
            offset 0
        ) as ages
        offset 0
    ) as outcomes
$$;

-- The enterprises that were allotted a parcel settle there in one to three years.
insert into suivis_implantation (
    id, demande_attribution_id, statut, date_debut_suivi, date_limite_implantation,
    date_implantation_effective, progression, commentaires, created_at, updated_at
)
select
    row_number() over (order by id),
    case when id % 61 <> 30 then id end,
    statut::"enum_suivis_implantation_statut",
    started,
    started + due * interval '1 day',
    case when statut = 'TERMINE' then started + life * interval '1 day' end,
    case
        when id % 19 = 5 then null
        -- Full at times before the end.
        when statut = 'TERMINE' or statut = 'EN_COURS' and id % 7 = 2 then 100
        when statut = 'EN_ATTENTE' then 0
        else least(95, 100 * age / due)
    end,
    case when statut = 'BLOQUE' then 'Litige sur le bornage' when id % 4 = 1 then '' end,
    started,
    started + case when statut = 'TERMINE' then life else draw(id, 'v.changed', age) end
        * interval '1 day'
from (
    select
        *,
        case
            when draw(id, 'v.blocked', 12) = 0 then 'BLOQUE'
            when life < age then 'TERMINE'
            when age < 30 then 'EN_ATTENTE'
            -- Not all that are late are marked so.
            when due < age and draw(id, 'v.late', 10) < 7 then 'RETARD'
            else 'EN_COURS'
        end as statut
    from (
        select
            id,
            updated_at as started,
            (horizon() - extract(epoch from updated_at)::bigint) / 86400 + 1 as age,
            (array[365, 540, 730])[1 + draw(id, 'v.due', 3)] as due,
            150 + draw(id, 'v.life', 800) as life
        from demandes_attribution
        where statut = 'VALIDE' and draw(id, 'v.followed', 10) < 9
        offset 0
    ) as approved
    offset 0
) as follow_ups;

insert into etapes_suivi_implantation (
    id, suivi_implantation_id, nom, ordre, statut, date_debut_prevue, date_debut_effective,
    date_fin_prevue, date_fin_effective, progression, created_at, updated_at
)
select
    row_number() over (order by suivi.id, nth),
    suivi.id,
    (array['Signature du bail', 'Plan d''implantation', 'Travaux', 'Mise en service'])[nth],
    nth,
    case
        when nth <= done then 'TERMINE'
        when nth = done + 1 then suivi.statut::text
        else 'EN_ATTENTE'
    end::"enum_etapes_suivi_implantation_statut",
    date_debut_suivi + span * (nth - 1),
    case when nth <= done + 1 then date_debut_suivi + real_span * (nth - 1) end,
    date_debut_suivi + span * nth,
    case when nth <= done then date_debut_suivi + real_span * nth end,
    case when nth <= done then 100 when nth = done + 1 then progression % 25 * 4 else 0 end,
    suivi.created_at,
    suivi.updated_at
from (
    select
        *,
        (date_limite_implantation - date_debut_suivi) / 4 as span,
        (updated_at - date_debut_suivi) / 4 as real_span,
        case statut when 'TERMINE' then 4 else least(3, coalesce(progression, 0) / 25) end as done
    from suivis_implantation
) as suivi
cross join generate_series(1, 4) as nth;

-- Statuses that are free text, as people type them.
insert into conventions (
    id, numero_convention, civilite, nom, prenom, raison_sociale, objet_demande, cree_par, statut,
    etape_actuelle, duree_occupation, date_creation, date_modification
)
select
    id,
    reference('CONV', opened, id),
    pick(id, 'n.civilite', array['M', 'Mme']),
    pick(id, 'n.nom', array['Amani', 'Bamba', 'Coulibaly', 'Dagnogo']),
    pick(id, 'n.prenom', array['Adjoua', 'Brahima', 'Célestin', 'Mariam']),
    case when id % 3 > 0 then 'Entreprise ' || padded(id) end,
    'Occupation d''un lot',
    1 + draw(id, 'n.cree_par', size('staff')),
    case outcome
        when 'closed' then pick(id, 'n.closed', array['terminé', 'Terminé ', 'signé'])
        when 'dropped' then pick(id, 'n.dropped', array['annulé', 'rejeté'])
        else pick(id, 'n.open', array['en cours', 'en cours', 'En cours', U&'en\00A0cours'])
    end,
    case outcome
        when 'closed' then 'cloture'
        else pick(id, 'n.step', array[
            'analyse_dpp', 'recevabilite', 'analyse_marketing', 'projet', 'signature_dg'
        ])
    end,
    10 * (1 + id % 3),
    opened,
    changed
from cases('conventions');

insert into commissaires_justice (
    id, nom, prenoms, email, telephone, ville, created_at, updated_at
)
select
    id,
    pick(id, 'j.nom', array['Ehouman', 'Gnamien', 'Kacou', 'Loba']),
    pick(id, 'j.prenoms', array['Éloi', 'Djénéba', 'Moïse', 'Inès']),
    'commissaire' || id || '@justice.example',
    '+225 97' || lpad(id::text, 8, '0'),
    pick(id, 'j.ville', array['Abidjan', 'Bouaké', 'San-Pédro']),
    office_hour(2000, id, 'j.created'),
    office_hour(1 + draw(id, 'j.updated', 1000), id, 'j.updated hour')
from generate_series(1, 3) as id;

insert into type_infractions (id, name, gravite, sanctions_sugerees, created_at, updated_at)
select
    nth,
    name,
    gravite::"enum_type_infractions_gravite",
    case when nth <> 3 then array['Mise en demeure'] end,
    office_hour(2000, nth, 'k.created'),
    office_hour(1 + draw(nth, 'k.updated', 1000), nth, 'k.updated hour')
from unnest(
    array[
        'Occupation sans titre', 'Défaut de mise en valeur', 'Changement de destination',
        'Rejet d''eaux usées', 'Sous-location'
    ],
    array['critique', 'majeure', 'moderee', 'majeure', 'mineure']
) with ordinality as types (name, gravite, nth);

insert into workflow_infractions (
    id, reference, description, lot_id, type_operateur, operateur_id, entreprise_id, statut, etape,
    etape_actuelle, date_saisine, date_limite_regularisation, date_diffusion, raison_cloture,
    created_at, updated_at
)
select
    infraction.id,
    reference('INF', opened, infraction.id),
    pick(infraction.id, 'i.type', array[
        'Occupation sans titre', 'Défaut de mise en valeur', 'Changement de destination'
    ]),
    lot.id,
    case
        when lot.entreprise_id is not null then 'entreprise'
        when lot.operateur_id is not null then 'operateur'
        else 'autre'
    end::"enum_workflow_infractions_type_operateur",
    case when lot.entreprise_id is null then lot.operateur_id end,
    lot.entreprise_id,
    case
        -- A word that nobody expects.
        when infraction.id % 83 = 41 then 'à revoir'
        when outcome = 'closed' then pick(infraction.id, 'i.closed', array[
            'cloture', 'cloture', 'Clôturé ', 'CLOTURE'
        ])
        when outcome = 'dropped' then 'annule'
        else pick(infraction.id, 'i.open', array['en_cours', 'en_cours', 'EN_COURS', 'suspendu'])
    end,
    step::text::"enum_workflow_infractions_etape",
    -- Two columns of one step, which do not always agree.
    greatest(0, step - case when infraction.id % 17 = 3 then 1 else 0 end)::text
        ::"enum_workflow_infractions_etape_actuelle",
    case when step >= 3 then (opened at time zone 'UTC')::date + 10 end,
    case when step >= 4 then (opened at time zone 'UTC')::date + 45 + 30 * (infraction.id % 3) end,
    case when outcome = 'closed' then (changed at time zone 'UTC')::date end,
    case outcome
        when 'closed' then 'Situation régularisée' when 'dropped' then 'Signalement erroné'
    end,
    opened,
    changed
from cases('workflow_infractions') as infraction
cross join lateral (
    select case outcome
        when 'closed' then 9 else draw(infraction.id, 'i.step', least(9, 1 + days / 15))
    end as step
) as steps
left join lots as lot
    on infraction.id % 29 <> 14 and lot.id = 1 + draw(infraction.id, 'i.lot', size('lots'));

insert into workflow_infractions_conventions (
    id, reference, description, convention_id, type_operateur, entreprise_id, statut, etape,
    etape_actuelle, commissaire_justice_id, date_saisine, date_limite_regularisation,
    raison_cloture, date_cloture, created_at, updated_at
)
select
    infraction.id,
    reference('INFC', opened, infraction.id),
    'Redevance impayée',
    case
        when infraction.id % 13 <> 6
            then 1 + draw(infraction.id, 'j.convention', size('conventions'))
    end,
    case
        when infraction.id % 3 = 0 then 'autre' else 'entreprise'
    end::"enum_workflow_infractions_conventions_type_operateur",
    case
        when infraction.id % 3 > 0
            then 1 + draw(infraction.id, 'j.entreprise', size('entreprises'))
    end,
    case
        -- Closed by its day alone.
        when outcome = 'closed' and infraction.id % 11 = 5 then 'en_cours'
        when outcome = 'closed' then pick(infraction.id, 'j.closed', array['cloture', 'Cloture '])
        when outcome = 'dropped' then 'annule'
        else 'en_cours'
    end,
    ('ETAPE_' || step)::"enum_workflow_infractions_conventions_etape",
    step,
    case when step > 4 then 1 + infraction.id % 3 end,
    case when step > 4 then (opened at time zone 'UTC')::date + 15 end,
    case when step > 5 then (opened at time zone 'UTC')::date + 60 end,
    case outcome when 'closed' then 'Redevance réglée' when 'dropped' then 'Erreur de saisie' end,
    case when outcome = 'closed' then changed end,
    opened,
    changed
from cases('workflow_infractions_conventions') as infraction
cross join lateral (
    select case outcome
        when 'closed' then 10 else 1 + draw(infraction.id, 'j.step', least(9, 1 + days / 15))
    end as step
) as steps;

-- What an occupant built and gives up; the amount is known late.
insert into impenses (
    id, numero_dossier, statut, etape_actuelle, lot_id, lot_numero, entreprise_id, nom_operateur,
    date_emission, montant_notification, date_notification, montant_paiement, date_paiement,
    date_cloture, raison_cloture, etape_cloture, cloturee_par, created_at, updated_at
)
select
    impense.id,
    reference('IMP', opened, impense.id),
    case outcome
        when 'closed' then case when impense.id % 3 = 1 then 'complete' else 'cloturee' end
        when 'dropped' then 'annulee'
        else case when impense.id % 8 = 3 then 'suspendue' else 'en cours' end
    end::"enum_impenses_statut",
    step,
    lot.id,
    lot.numero,
    lot.entreprise_id,
    case when lot.entreprise_id is null then 'Occupant ' || padded(impense.id) end,
    opened,
    case when step >= 18 then amount end,
    case when step >= 18 then changed end,
    case when outcome = 'closed' and impense.id % 9 <> 4 then amount end,
    case when outcome = 'closed' and impense.id % 9 <> 4 then changed end,
    -- A complete one is not always closed.
    case when outcome = 'closed' and impense.id % 3 <> 1 then changed end,
    case when outcome = 'closed' then 'Acte délivré' end,
    case when outcome = 'closed' and impense.id % 3 <> 1 then step end,
    case
        when outcome = 'closed' and impense.id % 3 <> 1
            then 1 + draw(impense.id, 'm.cloturee_par', size('staff'))
    end,
    opened,
    changed
from cases('impenses') as impense
cross join lateral (
    select
        case outcome
            when 'closed' then 28 else 1 + draw(impense.id, 'm.step', least(27, 1 + days / 10))
        end as step,
        500000 * (1 + draw(impense.id, 'm.amount', 150)) as amount
) as terms
left join lots as lot
    on impense.id % 23 <> 11 and lot.id = 1 + draw(impense.id, 'm.lot', size('lots'));

-- Holders of the land that a zone takes, and what is paid to them.
insert into detenteurs (
    id, id_detenteur, nom, prenom, contact, montant, created_at, updated_at
)
select
    id,
    'DET-' || padded(id),
    pick(id, 'h.nom', array['Amani', 'Bamba', 'Coulibaly', 'Dagnogo', 'Ehouman', 'Gnamien']),
    pick(id, 'h.prenom', array['Adjoua', 'Brahima', 'Célestin', 'Djénéba', 'Éloi', 'Mariam']),
    '+225 96' || lpad(id::text, 8, '0'),
    50000 * (1 + draw(id, 'h.amount', 400)),
    opened,
    opened
from cases('indemnisations');

create table sigeti_demo.compensations as
select
    compensation.*,
    detenteur.montant::bigint as amount,
    case outcome
        when 'closed' then 1 + draw(compensation.id, 'q.payments', 3)
        when 'open' then draw(compensation.id, 'q.payments', 3)
        else 0
    end as payments
from cases('indemnisations') as compensation
inner join detenteurs as detenteur on detenteur.id = compensation.id;

insert into indemnisations (
    id, detenteur_id, montant_restant, motif_indemnisation, statut, date_creation,
    recevabilite_decision, etape_actuelle, zone_id, date_recevabilite, updated_at
)
select
    id,
    id,
    case
        when outcome = 'closed' then 0
        else amount - amount * payments / (payments + 2)
    end,
    case id % 3 when 0 then 'Cultures détruites' when 1 then '' end,
    case
        when outcome = 'closed' and id % 2 = 0 then 'Indemnisé'
        when outcome = 'closed' then 'Totalement indemnisé'
        when outcome = 'dropped' then 'Refusé'
        when payments > 0 then 'Partiellement indemnisé'
        else pick(id, 'q.open', array['En attente', 'En cours'])
    end::"enum_indemnisations_statut",
    (opened at time zone 'UTC')::date,
    case
        when outcome = 'dropped' then 'Non Recevable'
        when outcome = 'closed' or payments > 0 then 'Recevable'
        else 'En attente'
    end::"enum_indemnisations_recevabilite_decision",
    case
        when outcome = 'closed' then 'cloture'
        when payments > 0 then 'paiement'
        else pick(id, 'q.step', array['chargement_detenteurs', 'recevabilite', 'signature'])
    end,
    1 + draw(id, 'q.zone', size('zones')),
    case when outcome <> 'open' or payments > 0 then changed end,
    changed
from sigeti_demo.compensations;

insert into paiements_indemnisation (
    id, detenteur_id, indemnisation_id, montant_verser, date_paiement, mode_paiement, reference,
    created_at, updated_at
)
select
    row_number() over (order by id, nth),
    id,
    id,
    due * nth / payments - due * (nth - 1) / payments,
    (paid at time zone 'UTC')::date,
    pick(id * 4 + nth, 'q.mode', array['Virement', 'Cheque', 'cheque', 'Espèces', null]),
    case when nth > 1 then 'IND-' || padded(id) || '-' || nth end,
    paid,
    paid
from (
    select
        *,
        case outcome when 'closed' then amount else amount * payments / (payments + 2) end as due,
        opened + (changed - opened) * nth / payments as paid
    from sigeti_demo.compensations
    cross join lateral generate_series(1, payments) as nth
) as payments;

insert into retrait_lots (
    id, numero_retrait, statut, etape_actuelle, operateur, demande, visite, analyse_decision,
    raison_cloture, lot_id, created_at, updated_at
)
select
    id,
    reference('RET', opened, id),
    case outcome
        when 'closed' then 'terminé'
        when 'dropped' then 'annulé'
        else case when id % 6 = 2 then 'suspendu' else 'en cours' end
    end::"enum_retrait_lots_statut",
    case outcome when 'closed' then 9 else 1 + draw(id, 'w.step', 8) end,
    'Occupant ' || padded(id),
    'Non-respect du cahier des charges',
    case when days > 30 then opened + interval '20 days' end,
    case when outcome = 'closed' then 'non_conforme' end::"enum_retrait_lots_analyse_decision",
    case when outcome = 'closed' then 'Lot repris' end,
    case when id % 13 <> 6 then 1 + draw(id, 'w.lot', size('lots')) end,
    opened,
    changed
from cases('retrait_lots');

insert into "retrait_Conventions" (
    id, numero_retrait, statut, etape_actuelle, operateur_type, operateur_id, demande,
    raison_cloture, convention_id, created_at, updated_at
)
select
    id,
    case when id % 9 <> 4 then reference('RETC', opened, id) end,
    case outcome
        when 'closed' then 'terminé' when 'dropped' then 'annulé' else 'en cours'
    end::"enum_retrait_Conventions_statut",
    case outcome when 'closed' then 9 else 1 + draw(id, 'x.step', 8) end,
    case
        when id % 3 = 0 then 'operateur' else 'entreprise'
    end::"enum_retrait_Conventions_operateur_type",
    1 + draw(
        id, 'x.operateur', size(case when id % 3 = 0 then 'operateurs' else 'entreprises' end)
    ),
    'Loyers impayés',
    case when outcome = 'closed' then 'Convention résiliée' end,
    1 + draw(id, 'x.convention', size('conventions')),
    opened,
    changed
from cases('retrait_Conventions');

insert into types_incident (id, label, created_at, updated_at)
select nth, label, office_hour(2000, nth, 'y.created'), office_hour(1500, nth, 'y.updated')
from unnest(
    array['Incendie', 'Inondation', 'Effondrement', 'Pollution']
) with ordinality as types (label, nth);

insert into statuts_incident (id, workflow_step, label, description, created_at, updated_at)
select
    nth,
    nth,
    label,
    'Étape ' || nth || ' : ' || label,
    office_hour(2000, nth, 'y.status'),
    office_hour(1 + draw(nth, 'y.changed', 1000), nth, 'y.changed hour')
from unnest(array[
    'Déclaré', 'Constaté', 'Commissaire saisi', 'Mise en demeure', 'Pris en charge', 'Clôturé'
]) with ordinality as statuses (label, nth);

insert into sinistres (
    id, reference, description, identification_incident, date_heure_incident, lieu_incident,
    type_incident_id, statut_incident_id, description_incident, date_saissie, created_at, updated_at
)
select
    id,
    reference('SIN', opened, id),
    case id % 3 when 0 then '' when 1 then 'Dégâts sur la clôture' end,
    'INC-' || padded(id),
    opened - interval '6 hours',
    'Lot LOT-' || padded(1 + draw(id, 's.lot', size('lots'))),
    1 + draw(id, 's.type', 4),
    case when outcome = 'open' then 1 + draw(id, 's.step', 5) else 6 end,
    'Sinistre déclaré par l''occupant',
    case when outcome <> 'open' then opened + interval '2 days' end,
    opened,
    changed
from cases('sinistres');
