-- Agents, the campaigns they work for, and how the enterprises of a campaign pay.
insert into types_agents (id, code, libelle, created_at, updated_at)
select
    nth, code, libelle, office_hour(2700, nth, 't.created'), office_hour(2600, nth, 't.updated')
from unnest(
    array['RECOUVREMENT', 'INSPECTION', 'TOPOGRAPHIE'],
    array['Agent de recouvrement', 'Inspecteur', 'Topographe']
) with ordinality as types (code, libelle, nth);

insert into agents (
    id, nom, prenoms, matricule, telephone, email, type_agent_id, actif, created_at, updated_at,
    deleted_at
)
select
    id,
    pick(id, 'a.nom', array['Amani', 'Bamba', 'Coulibaly', 'Dagnogo', 'Ehouman', 'Gnamien']),
    pick(id, 'a.prenoms', array['Adjoua', 'Brahima', 'Célestin', 'Djénéba', 'Éloi', 'Mariam']),
    case when id % 7 = 4 then ' AG-' || padded(id) || ' ' else 'AG-' || padded(id) end,
    '+225 98' || lpad(id::text, 8, '0'),
    case when id % 5 <> 3 then 'agent' || id || '@sigeti.example' end,
    case when id % 4 = 2 then 2 when id % 9 = 7 then 3 else 1 end,
    id % 6 <> 5,
    office_hour(2500, id, 'a.created'),
    changed,
    -- Those who left stay active at times.
    case when id % 10 = 8 then changed end
from generate_series(1, size('agents')) as id
cross join lateral office_hour(1 + draw(id, 'a.updated', 900), id, 'a.updated hour') as changed;

-- The first is responsible, but for some campaigns; some have nobody.
insert into collecte_agents (role, date_assignation, collecte_id, agent_id)
select
    case
        when nth = 0 and collecte.id % 9 <> 6 then 'responsable' else 'assistant'
    end::"enum_collecte_agents_role",
    collecte.created_at + nth * interval '1 hour',
    collecte.id,
    1 + (draw(collecte.id, 'a.collecte', size('agents')) + nth) % size('agents')
from collectes as collecte
cross join lateral generate_series(0, draw(collecte.id, 'a.assistants', 4)) as nth
where collecte.id % 12 <> 10
order by collecte.id, nth;

-- What is agreed with the enterprises of the campaigns that chose them.
insert into collecte_entreprises (
    id, collecte_id, entreprise_id, nombre_mois, libelle_modalite, montant_total,
    montant_par_periode, montant_paye, montant_restant, date_dernier_paiement, statut_paiement,
    created_at, updated_at
)
select
    row_number() over (order by collecte_id, entreprise_id),
    collecte_id,
    entreprise_id,
    months,
    (array['Mensuel', 'Trimestriel', 'Annuel'])[nth],
    due,
    trunc(due / months),
    paid,
    greatest(due - paid, 0),
    last_payment,
    case
        when due > 0 and paid >= due then 'paye'
        when paid > 0 then 'a_jour'
        when due > 0 then 'en_retard'
        else 'en_attente'
    end::"enum_collecte_entreprises_statut_paiement",
    created_at,
    greatest(created_at, last_payment)
from (
    select
        collecte.id as collecte_id,
        facture.entreprise_id,
        collecte.created_at,
        sum(facture.montant_total) as due,
        coalesce(sum(paiement.amount), 0) as paid,
        max(paiement.last_payment) as last_payment
    from collectes as collecte
    inner join factures as facture on facture.collecte_id = collecte.id
    left join (
        select facture_id, sum(montant) as amount, max(created_at) as last_payment
        from paiement_factures
        group by facture_id
    ) as paiement on paiement.facture_id = facture.id
    where collecte.entreprises_selectionnees is not null
    group by collecte.id, facture.entreprise_id, collecte.created_at
) as sums
cross join lateral (
    select 1 + draw(entreprise_id, 'e.period', 3) as nth
) as periods
cross join lateral (select (array[1, 3, 12])[nth] as months) as terms;
