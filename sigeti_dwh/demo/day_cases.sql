-- Cases of one simulated day: new ones of each process, a step forward, an end, a payment.
with settled as materialized (
    select demande.id, nextval('suivis_implantation_id_seq')::integer as suivi_id
    from demandes_attribution as demande
    where demande.statut = 'VALIDE' and demande.updated_at = at(220)
),

follow_ups as (
    insert into suivis_implantation (
        id, demande_attribution_id, date_debut_suivi, date_limite_implantation,
        created_at, updated_at
    )
    select suivi_id, id, at(800), at(800) + interval '540 days', at(800), at(800)
    from settled
)

insert into etapes_suivi_implantation (suivi_implantation_id, nom, ordre, created_at, updated_at)
select suivi_id, nom, nth, at(800), at(800)
from settled
cross join unnest(
    array['Signature du bail', 'Plan d''implantation', 'Travaux', 'Mise en service']
) with ordinality as steps (nom, nth)
order by suivi_id, nth;

-- Works go on, and end.
update suivis_implantation as suivi
set
    statut = case when done >= 100 then 'TERMINE' else 'EN_COURS' end
        ::"enum_suivis_implantation_statut",
    progression = done,
    date_implantation_effective = case when done >= 100 then at(805) end,
    updated_at = at(805)
from (
    select
        candidate.id,
        least(100, coalesce(progression, 0) + 5 + draw(candidate.id, 'v.done', 30)) as done
    from sample('settlements', 'suivis_implantation') as candidate
    inner join suivis_implantation as open_one on open_one.id = candidate.id
    where open_one.statut <> 'TERMINE'
    order by candidate.nth
    limit size('settlements')
) as progress
where suivi.id = progress.id;

update etapes_suivi_implantation as etape
set
    statut = case when ordre * 25 <= suivi.progression then 'TERMINE' else 'EN_COURS' end
        ::"enum_etapes_suivi_implantation_statut",
    progression = least(100, greatest(0, suivi.progression - (ordre - 1) * 25) * 4),
    date_debut_effective = coalesce(date_debut_effective, at(805)),
    date_fin_effective = case
        when ordre * 25 <= suivi.progression then coalesce(date_fin_effective, at(805))
    end,
    updated_at = at(805)
from suivis_implantation as suivi
where suivi.updated_at = at(805) and etape.suivi_implantation_id = suivi.id
    and (ordre - 1) * 25 < suivi.progression and etape.statut <> 'TERMINE';

insert into conventions (
    numero_convention, raison_sociale, etape_actuelle, date_creation, date_modification
)
select
    reference('CONV', at(810), size('conventions') + nth) || '-N',
    'Entreprise ' || padded(nth),
    'analyse_dpp',
    at(810),
    at(810)
from generate_series(1, size('new_conventions')) as nth;

update conventions
set
    statut = pick(id, 'n.end', array['terminé', 'terminé', 'annulé']),
    etape_actuelle = 'cloture',
    date_modification = at(812)
where id in (
    select convention.id
    from sample('ended_conventions', 'conventions') as candidate
    inner join conventions as convention on convention.id = candidate.id
    where convention.statut ilike 'en%cours'
    order by candidate.nth
    limit size('ended_conventions')
);

insert into workflow_infractions (
    reference, description, lot_id, type_operateur, entreprise_id, created_at, updated_at
)
select
    reference('INF', at(820), size('workflow_infractions') + nth),
    'Occupation sans titre',
    lot.id,
    case when lot.entreprise_id is null then 'autre' else 'entreprise' end
        ::"enum_workflow_infractions_type_operateur",
    lot.entreprise_id,
    at(820),
    at(820)
from generate_series(1, size('new_infractions')) as nth
left join lots as lot on lot.id = 1 + draw(nth, 'i.lot', size('lots'));

update workflow_infractions as infraction
set
    etape = next_step::text::"enum_workflow_infractions_etape",
    etape_actuelle = next_step::text::"enum_workflow_infractions_etape_actuelle",
    statut = case when next_step = 9 then 'cloture' else infraction.statut end,
    date_limite_regularisation = case
        when next_step >= 4 then coalesce(date_limite_regularisation, today() + 60)
    end,
    date_diffusion = case when next_step = 9 then today() end,
    updated_at = at(825)
from (
    select candidate.id, least(9, etape::text::integer + 1 + candidate.id % 3) as next_step
    from sample('infraction_steps', 'workflow_infractions') as candidate
    inner join workflow_infractions as open_one on open_one.id = candidate.id
    where lower(open_one.statut) = 'en_cours'
    order by candidate.nth
    limit size('infraction_steps')
) as steps
where infraction.id = steps.id;

insert into workflow_infractions_conventions (
    reference, convention_id, type_operateur, entreprise_id, created_at, updated_at
)
select
    reference('INFC', at(830), size('workflow_infractions_conventions') + nth),
    convention.id,
    'entreprise',
    entreprise.id,
    at(830),
    at(830)
from generate_series(1, size('new_convention_infractions')) as nth
left join conventions as convention
    on convention.id = 1 + draw(nth, 'j.convention', size('conventions'))
left join entreprises as entreprise
    on entreprise.id = 1 + draw(nth, 'j.entreprise', size('entreprises'));

update workflow_infractions_conventions as infraction
set
    etape = ('ETAPE_' || next_step)::"enum_workflow_infractions_conventions_etape",
    etape_actuelle = next_step,
    statut = case when next_step = 10 then 'cloture' else infraction.statut end,
    date_limite_regularisation = case
        when next_step > 5 then coalesce(date_limite_regularisation, today() + 60)
    end,
    date_cloture = case when next_step = 10 then at(835) end,
    updated_at = at(835)
from (
    select candidate.id, least(10, etape_actuelle + 1 + candidate.id % 3) as next_step
    from sample('convention_infraction_steps', 'workflow_infractions_conventions') as candidate
    inner join workflow_infractions_conventions as open_one on open_one.id = candidate.id
    where open_one.statut = 'en_cours' and open_one.date_cloture is null
    order by candidate.nth
    limit size('convention_infraction_steps')
) as steps
where infraction.id = steps.id;

insert into impenses (numero_dossier, lot_id, entreprise_id, date_emission, created_at, updated_at)
select
    reference('IMP', at(840), size('impenses') + nth) || '-N',
    lot.id,
    lot.entreprise_id,
    at(840),
    at(840),
    at(840)
from generate_series(1, size('new_impenses')) as nth
left join lots as lot on lot.id = 1 + draw(nth, 'm.lot', size('lots'));

update impenses as impense
set
    etape_actuelle = next_step,
    statut = case when next_step = 28 then 'cloturee' else impense.statut end,
    montant_notification = case
        when next_step >= 18
            then coalesce(montant_notification, 500000 * (1 + draw(impense.id, 'm.amount', 150)))
    end,
    date_cloture = case when next_step = 28 then at(845) end,
    updated_at = at(845)
from (
    select candidate.id, least(28, etape_actuelle + 1 + draw(candidate.id, 'm.step', 9))
        as next_step
    from sample('claim_steps', 'impenses') as candidate
    inner join impenses as open_one on open_one.id = candidate.id
    where open_one.statut in ('en cours', 'suspendue')
    order by candidate.nth
    limit size('claim_steps')
) as steps
where impense.id = steps.id;

with arrivals as materialized (
    select nextval('detenteurs_id_seq')::integer as id
    from generate_series(1, size('new_compensations'))
),

holders as (
    insert into detenteurs (id, id_detenteur, nom, montant, created_at, updated_at)
    select id, 'DET-' || padded(id), 'Amani', amount, at(850), at(850)
    from arrivals
    cross join lateral (select 50000 * (1 + draw(id, 'h.amount', 400)) as amount) as amounts
    returning id, montant
)

insert into indemnisations (detenteur_id, montant_restant, date_creation, zone_id, updated_at)
select holder.id, holder.montant, today(), zone.id, at(850)
from holders as holder
inner join zones_industrielles as zone
    on zone.id = 1 + draw(holder.id, 'q.zone', size('zones_industrielles'))
order by holder.id;

-- Half of what is left, then the rest.
with paid as materialized (
    select
        compensation.id,
        compensation.detenteur_id,
        case
            when draw(compensation.id, 'q.part', 2) = 0 then trunc(montant_restant / 2)
            else montant_restant
        end as amount
    from sample('compensation_payments', 'indemnisations') as candidate
    inner join indemnisations as compensation on compensation.id = candidate.id
    where compensation.montant_restant > 0 and compensation.statut <> 'Refusé'
    order by candidate.nth
    limit size('compensation_payments')
),

payments as (
    insert into paiements_indemnisation (
        detenteur_id, indemnisation_id, montant_verser, date_paiement, mode_paiement,
        created_at, updated_at
    )
    select detenteur_id, id, amount, today(), 'Virement', at(855), at(855)
    from paid
    order by id
)

update indemnisations as compensation
set
    montant_restant = montant_restant - paid.amount,
    statut = case
        when paid.amount = montant_restant then 'Totalement indemnisé'
        else 'Partiellement indemnisé'
    end::"enum_indemnisations_statut",
    recevabilite_decision = 'Recevable',
    etape_actuelle = case when paid.amount = montant_restant then 'cloture' else 'paiement' end,
    updated_at = at(855)
from paid
where compensation.id = paid.id;

insert into retrait_lots (numero_retrait, lot_id, created_at, updated_at)
select reference('RET', at(860), size('retrait_lots') + nth), lot.id, at(860), at(860)
from generate_series(1, size('new_withdrawals')) as nth
left join lots as lot on lot.id = 1 + draw(nth, 'w.lot', size('lots'));

update retrait_lots
set
    etape_actuelle = 9,
    statut = pick(id, 'w.end', array['terminé', 'annulé'])::"enum_retrait_lots_statut",
    raison_cloture = 'Lot repris',
    updated_at = at(865)
where id in (
    select withdrawal.id
    from sample('ended_withdrawals', 'retrait_lots') as candidate
    inner join retrait_lots as withdrawal on withdrawal.id = candidate.id
    where withdrawal.statut in ('en cours', 'suspendu')
    order by candidate.nth
    limit size('ended_withdrawals')
);

insert into "retrait_Conventions" (
    numero_retrait, operateur_type, operateur_id, convention_id, created_at, updated_at
)
select
    reference('RETC', at(870), size('retrait_Conventions') + nth),
    'entreprise',
    entreprise.id,
    convention.id,
    at(870),
    at(870)
from generate_series(1, size('new_convention_withdrawals')) as nth
left join entreprises as entreprise
    on entreprise.id = 1 + draw(nth, 'x.entreprise', size('entreprises'))
left join conventions as convention
    on convention.id = 1 + draw(nth, 'x.convention', size('conventions'));

update "retrait_Conventions"
set etape_actuelle = 9, statut = 'terminé', updated_at = at(875)
where id in (
    select withdrawal.id
    from sample('ended_convention_withdrawals', 'retrait_Conventions') as candidate
    inner join "retrait_Conventions" as withdrawal on withdrawal.id = candidate.id
    where withdrawal.statut = 'en cours'
    order by candidate.nth
    limit size('ended_convention_withdrawals')
);

insert into sinistres (
    reference, identification_incident, date_heure_incident, lieu_incident, type_incident_id,
    statut_incident_id, description_incident, created_at, updated_at
)
select
    reference('SIN', at(880), size('sinistres') + nth) || '-N',
    'INC-' || padded(size('sinistres') + nth),
    at(880),
    'Lot LOT-' || padded(1 + draw(nth, 's.lot', size('lots'))),
    1 + draw(nth, 's.type', size('types_incident')),
    1,
    'Sinistre déclaré par l''occupant',
    at(880),
    at(880)
from generate_series(1, size('new_incidents')) as nth;

update sinistres
set statut_incident_id = statut_incident_id + 1, updated_at = at(885)
where id in (
    select incident.id
    from sample('incident_steps', 'sinistres') as candidate
    inner join sinistres as incident on incident.id = candidate.id
    where incident.statut_incident_id < size('statuts_incident')
    order by candidate.nth
    limit size('incident_steps')
);
