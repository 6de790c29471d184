"""The demo source has every trap of SIGETI in it, and none of the defects that would be ours."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
import pytest

from sigeti_dwh.demo import advance, create

REFERENCE = date(2025, 6, 30)
Source = psycopg.Connection[Any]


def silent(_: str) -> None:
    """Swallow the progress messages."""


def finds(connection: Source, query: str) -> bool:
    """Say whether "from …" finds a row."""
    row = connection.execute(f"select exists (select {query})").fetchone()
    return row is not None and bool(row[0])


@pytest.fixture(scope="module", params=[20240101, 7], ids=lambda seed: f"seed {seed}")
def demo(server: Any, request: pytest.FixtureRequest) -> Iterator[Source]:
    """Connect to a demo of scale 1 that the tests of this module share and only read."""
    name = f"demo_{request.param}"
    server.create_database(name)
    with psycopg.connect(
        host=server.host,
        port=server.port,
        user=server.user,
        password=server.password,
        dbname=name,
        autocommit=True,
    ) as connection:
        create(connection, seed=request.param, reference_date=REFERENCE, report=silent)
        yield connection


# Each finds at least one row: a reader of the source meets the trap.
TRAPS = {
    "request for several lots, lot_id null": """
        from demandes_attribution as d where lot_id is null and 1 < (
            select count(*) from demande_attribution_lots where demande_attribution_id = d.id)""",
    "request with lot_id only": """
        from demandes_attribution as d where lot_id is not null and not exists (
            select from demande_attribution_lots where demande_attribution_id = d.id)""",
    "request with lot_id and bridge": """
        from demandes_attribution as d join demande_attribution_lots as l
        on l.demande_attribution_id = d.id and l.lot_id = d.lot_id""",
    "request whose lot_id is not in its bridge": """
        from demandes_attribution as d where lot_id is not null
        and exists (select from demande_attribution_lots where demande_attribution_id = d.id)
        and not exists (select from demande_attribution_lots as l
            where demande_attribution_id = d.id and l.lot_id = d.lot_id)""",
    "request without any lot": """
        from demandes_attribution as d where lot_id is null and not exists (
            select from demande_attribution_lots where demande_attribution_id = d.id)""",
    "request without zone, inside the zones": """
        from demandes_attribution where zone_id is null and type_demande = 'ZONE_INDUSTRIELLE'""",
    "request outside the zones": """
        from demandes_attribution where type_demande = 'HORS_ZONE_INDUSTRIELLE'""",
    "request without enterprise": "from demandes_attribution where entreprise_id is null",
    "request in progress": "from demandes_attribution where statut = 'EN_COURS'",
    "request approved": "from demandes_attribution where statut = 'VALIDE'",
    "request rejected": "from demandes_attribution where statut = 'REJETE'",
    "request sent back": "from demandes_attribution where statut = 'DOCUMENTS_REJETES'",
    "priority empty": "from demandes_attribution where priorite = ''",
    "lot in an approved and a pending request": """
        from demande_attribution_lots as l join demandes_attribution as d
        on d.id = l.demande_attribution_id
        group by l.lot_id having bool_or(statut = 'VALIDE') and bool_or(statut = 'EN_COURS')""",
    "financing as string": """
        from demandes_attribution where jsonb_typeof(financement -> 'montantTotal') = 'string'""",
    "financing as number": """
        from demandes_attribution where jsonb_typeof(financement -> 'montantTotal') = 'number'""",
    "financing without amount": """
        from demandes_attribution
        where financement <> '{}' and financement -> 'montantTotal' is null""",
    "financing empty": "from demandes_attribution where financement = '{}'",
    "jobs as string": """
        from demandes_attribution where jsonb_typeof(emplois -> 'total') = 'string'""",
    "jobs without total": """
        from demandes_attribution where emplois <> '{}' and emplois -> 'total' is null""",
    "jobs null inside": "from demandes_attribution where emplois -> 'expatries' = 'null'",
    "jobs empty": "from demandes_attribution where emplois = '{}'",
    "step payment as number": """
        from historique_demandes where jsonb_typeof(donnees -> 'montantPaiement') = 'number'""",
    "step payment as string": """
        from historique_demandes where jsonb_typeof(donnees -> 'montantPaiement') = 'string'""",
    "step without data": "from historique_demandes where donnees is null",
    "financing that is no number": """
        from demandes_attribution where financement ->> 'montantTotal' ~ '[a-z]'""",
    "financing with spaces": """
        from demandes_attribution where financement ->> 'montantTotal' ~ '^[0-9]+ [0-9 ]+$'""",
    "jobs that are no number": """
        from demandes_attribution where emplois ->> 'total' ~ '[a-z]'""",
    "request sent back, on its way again": """
        from historique_demandes as h join demandes_attribution as d
        on d.id = h.demande_attribution_id
        where etape_destination < etape_source and d.statut in ('VALIDE', 'EN_COURS')""",
    "request sent back twice": """
        from historique_demandes where etape_destination < etape_source
        group by demande_attribution_id having count(*) > 1""",
    "request that waits for a year": """
        from demandes_attribution
        where statut = 'EN_COURS' and updated_at < timestamptz '2024-06-30'""",
    "one step slower than the others": """
        from (
            select etape_source, percentile_cont(0.5) within group (order by duree) as mediane
            from (
                select etape_source, date_action - lag(date_action) over (
                    partition by demande_attribution_id order by id) as duree
                from historique_demandes where demande_attribution_id is not null
            ) as durees group by etape_source
        ) as etapes
        having max(mediane) > 2 * percentile_cont(0.5) within group (order by mediane)""",
    "step of no request": "from historique_demandes where demande_attribution_id is null",
    "step of nobody": "from historique_demandes where utilisateur_id is null",
    "steps at one moment": """
        from historique_demandes
        group by demande_attribution_id, date_action having count(*) > 1""",
    "step with an invisible character": """
        from historique_demandes where action like U&'\\200B%'""",
    "step in lower case": "from historique_demandes where action like 'passage%'",
    "zone without lots": """
        from zones_industrielles as z
        where not exists (select from lots where zone_industrielle_id = z.id)""",
    "zone inactive": "from zones_industrielles where statut = 'inactif'",
    "zone being built": "from zones_industrielles where statut = 'en_construction'",
    "zone in m2": "from zones_industrielles where unite_mesure = 'm2'",
    "zone counter wrong": """
        from zones_industrielles as z where lots_disponibles <> (select count(*) from lots
            where zone_industrielle_id = z.id and statut = 'disponible')""",
    "zone code with spaces": "from zones_industrielles where code <> trim(code)",
    "zone address blank": "from zones_industrielles where trim(adresse) = ''",
    "sector code with spaces": "from domaines_activites where code <> trim(code)",
    "sector with a ligature": "from domaines_activites where libelle like 'Œuvre%'",
    "lot in hectares": "from lots where unite_mesure = 'ha'",
    "lot in hectares, other spelling": """
        from lots where unite_mesure <> 'ha' and lower(trim(unite_mesure)) = 'ha'""",
    "lot in m2, other spelling": """
        from lots where unite_mesure <> 'm2' and lower(trim(unite_mesure)) in ('m2', 'm²')""",
    "lot improbably small": "from lots where lower(trim(unite_mesure)) = 'm2' and superficie < 100",
    "lot improbably large": "from lots where lower(trim(unite_mesure)) = 'ha' and superficie > 100",
    "lot number with spaces": "from lots where numero like ' %' and numero like '% '",
    "lot block empty": "from lots where ilot = ''",
    "lot description blank": "from lots where trim(description) = '' and description <> ''",
    "lot zone_id null": "from lots where zone_id is null",
    "lot zone_id duplicate": "from lots where zone_id = zone_industrielle_id",
    "lot occupied by an enterprise": """
        from lots where statut = 'occupé' and entreprise_id is not null""",
    "lot approved but still free": """
        from lots as t join demande_attribution_lots as l on l.lot_id = t.id
        join demandes_attribution as d on d.id = l.demande_attribution_id
        where d.statut = 'VALIDE' and t.statut = 'disponible'""",
    "lot not serviced": "from lots where not viabilite",
    "lot geometry as text": "from lots where polygon like '{%'",
    "lot without point": "from lots where location is null",
    "lot of an empty point": "from lots where location = ''",
    "lot outside the country": """
        from lots where location like '{%'
        and (location::jsonb #>> '{coordinates,1}')::numeric not between 4.1 and 10.8""",
    "zone whose lots have points": """
        from lots where location like '{%'
        group by zone_industrielle_id having count(*) > 10""",
    "enterprise without main sector, with bridge": """
        from entreprises as e where domaine_activite_id is null
        and exists (select from entreprise_domaines where entreprise_id = e.id)""",
    "enterprise with main sector, without bridge": """
        from entreprises as e where domaine_activite_id is not null
        and not exists (select from entreprise_domaines where entreprise_id = e.id)""",
    "enterprise without any sector": """
        from entreprises as e where domaine_activite_id is null
        and not exists (select from entreprise_domaines where entreprise_id = e.id)""",
    "main sector in the bridge": """
        from entreprises as e join entreprise_domaines as d
        on d.entreprise_id = e.id and d.domaine_activite_id = e.domaine_activite_id""",
    "main sector not in its bridge": """
        from entreprises as e join entreprise_domaines as d on d.entreprise_id = e.id
        group by e.id having not bool_or(d.domaine_activite_id = e.domaine_activite_id)""",
    "misleading entreprise_id": """
        from entreprises where entreprise_id is not null
        and entreprise_id is distinct from domaine_activite_id""",
    "enterprise name with spaces": "from entreprises where raison_sociale <> trim(raison_sociale)",
    "enterprise register empty": "from entreprises where registre_commerce = ''",
    "legal form null": "from entreprises where forme_juridique is null",
    "enterprise without invoice": """
        from entreprises as e where not exists (select from factures where entreprise_id = e.id)""",
    "invoice in part paid": """
        from factures as f where statut = 'En attente' and montant_total > (
            select sum(montant) from paiement_factures where facture_id = f.id)""",
    "invoice overpaid": """
        from factures as f where montant_total < (
            select sum(montant) from paiement_factures where facture_id = f.id)""",
    "invoice paid in several payments": """
        from factures as f where statut = 'Payée' and 1 < (
            select count(*) from paiement_factures where facture_id = f.id)""",
    "invoice paid in full, date_paiement null": """
        from factures as f where statut = 'Payée' and date_paiement is null and montant_total <= (
            select sum(montant) from paiement_factures where facture_id = f.id)""",
    "invoice paid in full, status not changed": """
        from factures as f where statut = 'En attente' and montant_total <= (
            select sum(montant) from paiement_factures where facture_id = f.id)""",
    "invoice paid without payment rows": """
        from factures as f where statut = 'Payée' and date_paiement is not null
        and not exists (select from paiement_factures where facture_id = f.id)""",
    "invoice unpaid": """
        from factures as f where statut = 'En attente' and montant_total > 0
        and not exists (select from paiement_factures where facture_id = f.id)""",
    "invoice of nothing": "from factures where montant_total = 0",
    "invoice without due date": "from factures where date_echeance is null",
    "invoice due later": "from factures where date_echeance >= '2025-06-30'",
    "sous_total zero": "from factures where sous_total = 0 and montant_total > 0",
    "sous_total null": "from factures where sous_total is null",
    "invoice deleted, with payments": """
        from factures as f join paiement_factures as p on p.facture_id = f.id
        where is_deleted and deleted_at is not null""",
    "invoice deleted by the flag only": "from factures where is_deleted and deleted_at is null",
    "invoice deleted by the date only": """
        from factures where is_deleted is not true and deleted_at is not null""",
    "invoice cancelled": "from factures where statut = 'Annulée'",
    "invoice refunded, with payments": """
        from factures as f join paiement_factures as p on p.facture_id = f.id
        where f.statut = 'Remboursée'""",
    "invoice failed": "from factures where statut = 'Échoué'",
    "invoice cancelled or failed, with payments": """
        from factures as f join paiement_factures as p on p.facture_id = f.id
        where f.statut in ('Annulée', 'Échoué')""",
    "invoice of a request": """
        from factures where demande_attribution_id is not null and collecte_id is null
        and processus_origine in ('ATTRIBUTION_LOT', 'Frais de Lamev')""",
    "invoice of a campaign": "from factures where processus_origine = 'COLLECTE_DROIT'",
    "invoice of neither": """
        from factures where collecte_id is null and demande_attribution_id is null""",
    "invoice of a campaign in one zone": """
        from factures as f where 1 = (
            select count(*) from collecte_zones as z where z.collecte_id = f.collecte_id)""",
    "payments at the same moment": """
        from paiement_factures group by facture_id, date_paiement having count(*) > 1""",
    "payment at midnight": """
        from paiement_factures where date_paiement = date_trunc('day', date_paiement, 'UTC')""",
    "payment typed in later": "from paiement_factures where created_at > date_paiement",
    "payment confirmed": "from paiement_factures where statut = 'Reussi'",
    "payment confirmed, other spelling": """
        from paiement_factures where statut in ('REUSSI', 'Réussi', 'reussi ')""",
    "payment waiting": "from paiement_factures where statut = 'en_attente'",
    "payment mode null": "from paiement_factures where mode_paiement is null",
    "payment mode empty": "from paiement_factures where mode_paiement = ''",
    "payment mode in three spellings": """
        from paiement_factures where mode_paiement in ('Cheque', 'cheque', 'Chèque ')
        having count(distinct mode_paiement) = 3""",
    "campaign in the future": "from collectes where date_debut >= '2025-06-30'",
    "campaign in the future, with invoices": """
        from collectes as c join factures as f on f.collecte_id = c.id
        where c.date_debut >= '2025-06-30'""",
    "campaign without zone": """
        from collectes as c
        where not exists (select from collecte_zones where collecte_id = c.id)""",
    "campaign in one zone": "from collecte_zones group by collecte_id having count(*) = 1",
    "campaign in several zones": "from collecte_zones group by collecte_id having count(*) > 1",
    "campaign without invoice": """
        from collectes as c where not exists (select from factures where collecte_id = c.id)""",
    "campaign selection null": "from collectes where entreprises_selectionnees is null",
    "campaign selection array": """
        from collectes where json_typeof(entreprises_selectionnees) = 'array'""",
    "factures_generees wrong": """
        from collectes as c where factures_generees <> exists (
            select from factures where collecte_id = c.id)""",
    "campaign closed": "from collectes where statut_cloture = 'cloturee'",
    "campaign with nothing due": "from collectes where montant_a_recouvrer = 0",
    "month without campaign": """
        from generate_series(timestamp '2022-08-01', '2025-06-01', '1 month') as mois
        where not exists (select from collectes where date_trunc('month', date_debut) = mois)""",
    "campaign without a responsible agent": """
        from collectes as c
        where exists (select from collecte_agents where collecte_id = c.id)
        and not exists (
            select from collecte_agents where collecte_id = c.id and role = 'responsable')""",
    "campaign without agents": """
        from collectes as c
        where not exists (select from collecte_agents where collecte_id = c.id)""",
    "campaign with assistants": "from collecte_agents where role = 'assistant'",
    "agent with campaigns who left": """
        from agents join collecte_agents on agent_id = id where deleted_at is not null and actif""",
    "agent inactive": "from agents where not actif and deleted_at is null",
    "agent number with spaces": "from agents where matricule <> trim(matricule)",
    "invoice of several lines": "from detail_factures group by facture_id having count(*) > 1",
    "invoice without lines": """
        from factures as f where montant_total > 0
        and not exists (select from detail_factures where facture_id = f.id)""",
    "invoice whose lines sum up to less": """
        from factures as f where montant_total > (
            select sum(montant_ligne) from detail_factures where facture_id = f.id)""",
    "line of a deleted invoice": """
        from detail_factures as l join factures as f on f.id = l.facture_id where is_deleted""",
    "line for several months": "from detail_factures where quantite = 12",
    "line in five spellings": """
        from detail_factures where description ilike 'redevance_d%'
        having count(distinct description) > 3""",
    "enterprise that pays late": "from collecte_entreprises where statut_paiement = 'en_retard'",
    "suivis_implantation closed": "from suivis_implantation where statut = 'TERMINE'",
    "suivis_implantation given up": "from suivis_implantation where statut = 'BLOQUE'",
    "suivis_implantation open": "from suivis_implantation where statut = 'EN_COURS'",
    "conventions closed": "from conventions where statut = 'terminé'",
    "conventions given up": "from conventions where statut in ('annulé', 'rejeté')",
    "conventions open": "from conventions where statut = 'en cours'",
    "workflow_infractions closed": "from workflow_infractions where statut = 'cloture'",
    "workflow_infractions given up": "from workflow_infractions where statut = 'annule'",
    "workflow_infractions open": "from workflow_infractions where statut = 'en_cours'",
    "workflow_infractions_conventions closed": """
        from workflow_infractions_conventions
        where statut = 'cloture'""",
    "workflow_infractions_conventions given up": """
        from workflow_infractions_conventions
        where statut = 'annule'""",
    "workflow_infractions_conventions open": """
        from workflow_infractions_conventions
        where statut = 'en_cours'""",
    "impenses closed": "from impenses where statut = 'cloturee'",
    "impenses given up": "from impenses where statut = 'annulee'",
    "impenses open": "from impenses where statut = 'en cours'",
    "indemnisations closed": "from indemnisations where statut = 'Totalement indemnisé'",
    "indemnisations given up": "from indemnisations where statut = 'Refusé'",
    "indemnisations open": "from indemnisations where statut = 'Partiellement indemnisé'",
    "retrait_lots closed": "from retrait_lots where statut = 'terminé'",
    "retrait_lots given up": "from retrait_lots where statut = 'annulé'",
    "retrait_lots open": "from retrait_lots where statut = 'en cours'",
    "retrait_Conventions closed": """
        from "retrait_Conventions" where statut = 'terminé'""",
    "retrait_Conventions given up": """
        from "retrait_Conventions" where statut = 'annulé'""",
    "retrait_Conventions open": """
        from "retrait_Conventions" where statut = 'en cours'""",
    "sinistres closed": "from sinistres where statut_incident_id = 6",
    "sinistres open": "from sinistres where statut_incident_id < 6",
    "settlement late and marked so": "from suivis_implantation where statut = 'RETARD'",
    "settlement late, not marked": """
        from suivis_implantation
        where statut = 'EN_COURS' and date_limite_implantation < '2025-06-30'""",
    "settlement in time": """
        from suivis_implantation
        where date_implantation_effective < date_limite_implantation""",
    "settlement of no request": "from suivis_implantation where demande_attribution_id is null",
    "settlement of unknown progress": "from suivis_implantation where progression is null",
    "settlement full and still open": """
        from suivis_implantation
        where progression = 100 and statut = 'EN_COURS'""",
    "convention closed, other spelling": "from conventions where statut in ('Terminé ', 'signé')",
    "convention open, no-break space": "from conventions where statut = U&'en\\00A0cours'",
    "infraction past its limit": """
        from workflow_infractions
        where lower(statut) = 'en_cours' and date_limite_regularisation < '2025-06-30'""",
    "infraction closed, other spellings": """
        from workflow_infractions
        where statut in ('Clôturé ', 'CLOTURE')""",
    "infraction of an unknown word": "from workflow_infractions where statut = 'à revoir'",
    "infraction at two steps": """
        from workflow_infractions
        where etape::text <> etape_actuelle::text""",
    "infraction of no parcel": "from workflow_infractions where lot_id is null",
    "infraction closed by its day alone": """
        from workflow_infractions_conventions
        where statut = 'en_cours' and date_cloture is not null""",
    "claim without its amount yet": "from impenses where montant_notification is null",
    "claim complete, never closed": """
        from impenses
        where statut = 'complete' and date_cloture is null""",
    "compensation in two words": """
        from indemnisations where statut in ('Indemnisé', 'Totalement indemnisé')
        having count(distinct statut) = 2""",
    "compensation in several payments": """
        from paiements_indemnisation group by indemnisation_id having count(*) > 1""",
    "withdrawal without number": """
        from "retrait_Conventions" where numero_retrait is null""",
    "password hash": "from users where mot_de_passe like '$2b$%'",
}

# Each finds nothing.
DEFECTS = {
    "amount not whole": """
        from (
            select montant_total as montant from factures union all select sous_total from factures
            union all select montant from paiement_factures
            union all select montant_ligne from detail_factures union all select prix from lots
            union all select montant_a_recouvrer from collectes
            union all select montant_recouvre from collectes
        ) as montants where montant <> trunc(montant) or montant < 0""",
    "date_derniere_modification": """
        from factures where date_derniere_modification is not null""",
    "changed before created": """
        from (
            select created_at, updated_at from factures
            union all select created_at, updated_at from paiement_factures
            union all select created_at, updated_at from collectes
            union all select created_at, updated_at from demandes_attribution
            union all select created_at, updated_at from lots
            union all select created_at, updated_at from zones_industrielles
            union all select created_at, updated_at from domaines_activites
            union all select date_creation, date_modification from entreprises
        ) as dates where updated_at < created_at""",
    "not in the past of the reference date": """
        from (
            select updated_at as moment from factures
            union all select date_creation from factures
            union all select date_paiement from factures
            union all select deleted_at from factures
            union all select updated_at from paiement_factures
            union all select date_paiement from paiement_factures
            union all select updated_at from collectes
            union all select date_cloture from collectes
            union all select updated_at from demandes_attribution
            union all select updated_at from historique_demandes
            union all select updated_at from agents
            union all select updated_at from collecte_entreprises
            union all select date_assignation from collecte_agents
            union all select updated_at from suivis_implantation
            union all select updated_at from etapes_suivi_implantation
            union all select date_implantation_effective from suivis_implantation
            union all select date_modification from conventions
            union all select updated_at from workflow_infractions
            union all select updated_at from workflow_infractions_conventions
            union all select updated_at from impenses
            union all select updated_at from indemnisations
            union all select updated_at from paiements_indemnisation
            union all select updated_at from retrait_lots
            union all select updated_at from "retrait_Conventions"
            union all select updated_at from sinistres
            union all select updated_at from lots
            union all select updated_at from zones_industrielles
            union all select date_modification from entreprises
        ) as moments where moment >= '2025-06-30'""",
    "paid before invoiced": """
        from paiement_factures as p join factures as f on f.id = p.facture_id
        where p.date_paiement < f.date_creation""",
    "invoiced before its request or campaign": """
        from factures as f left join demandes_attribution as d on d.id = f.demande_attribution_id
        left join collectes as c on c.id = f.collecte_id
        where f.date_creation < greatest(d.created_at, c.created_at)""",
    "payment mode outside the vocabulary": """
        from paiement_factures where translate(lower(trim(mode_paiement)), 'éè', 'ee')
        not in ('cheque', 'especes', 'virement', 'mobile money', '')""",
    "step of a request out of order": """
        from (
            select h.*, lead(etape_source) over walk as next_step,
                lead(date_action) over walk as next_time
            from historique_demandes as h where demande_attribution_id is not null
            window walk as (partition by demande_attribution_id order by id)
        ) as h where etape_destination <> next_step or date_action > next_time""",
    "request that is not where its last step led": """
        from (
            select distinct on (demande_attribution_id) * from historique_demandes
            order by demande_attribution_id, id desc
        ) as h join demandes_attribution as d on d.id = h.demande_attribution_id
        where d.etape_courante <> h.etape_destination""",
    "step before its request": """
        from historique_demandes as h join demandes_attribution as d
        on d.id = h.demande_attribution_id where h.date_action < d.created_at""",
    "line that is not quantity times price": """
        from detail_factures where quantite * prix_unitaire <> montant_ligne""",
    "lines of more than one invoice in a hundred are wrong": """
        from (
            select montant_total, sum(montant_ligne) as lignes from factures as f
            join detail_factures as l on l.facture_id = f.id group by f.id
        ) as sommes having count(*) filter (where montant_total <> lignes) > count(*) / 100.0""",
    "campaign with two responsible agents": """
        from collecte_agents where role = 'responsable' group by collecte_id having count(*) > 1""",
    "case changed before it was opened": """
        from (
            select created_at, updated_at from suivis_implantation
            union all select created_at, updated_at from workflow_infractions
            union all select created_at, updated_at from workflow_infractions_conventions
            union all select date_creation, date_modification from conventions
            union all select created_at, updated_at from impenses
            union all select date_creation, updated_at from indemnisations
            union all select created_at, updated_at from retrait_lots
            union all select created_at, updated_at from "retrait_Conventions"
            union all select created_at, updated_at from sinistres
        ) as dates where updated_at < created_at""",
    "settlement of a request that was not approved": """
        from suivis_implantation as s join demandes_attribution as d
        on d.id = s.demande_attribution_id
        where d.statut <> 'VALIDE' or s.date_debut_suivi < d.created_at""",
    "settlement out of bounds": """
        from suivis_implantation where progression not between 0 and 100
        or (statut = 'TERMINE') <> (date_implantation_effective is not null)""",
    "paid and left are not what is due": """
        from indemnisations as i join detenteurs as d on d.id = i.detenteur_id
        where d.montant <> montant_restant + coalesce((
            select sum(montant_verser) from paiements_indemnisation
            where indemnisation_id = i.id), 0)""",
    "compensation paid before it was opened": """
        from paiements_indemnisation as p join indemnisations as i on i.id = p.indemnisation_id
        where p.date_paiement < i.date_creation""",
    "amount of cases not whole": """
        from (
            select montant_notification as montant from impenses
            union all select montant_verser from paiements_indemnisation
            union all select montant_restant from indemnisations
        ) as montants where montant <> trunc(montant) or montant < 0""",
    "more than one lot in fifty outside the country": """
        from lots where location like '{%' having 50 * count(*) filter (
            where (location::jsonb #>> '{coordinates,0}')::numeric not between -8.7 and -2.4
            or (location::jsonb #>> '{coordinates,1}')::numeric not between 4.1 and 10.8
        ) > count(*)""",
    "lots of a zone far from each other": """
        from (
            select zone_industrielle_id, (location::jsonb #>> '{coordinates,0}')::numeric as x
            from lots where location like '{%'
        ) as points where x < 0
        group by zone_industrielle_id having max(x) - min(x) > 0.02""",
    "approved without being at the last step": """
        from demandes_attribution where (statut = 'VALIDE') <> (etape_courante = 12)""",
}


@pytest.mark.parametrize("trap", TRAPS)
def test_trap_is_there(demo: Source, trap: str) -> None:
    assert finds(demo, TRAPS[trap])


@pytest.mark.parametrize("defect", DEFECTS)
def test_defect_is_not_there(demo: Source, defect: str) -> None:
    assert not finds(demo, DEFECTS[defect])


def test_days_bring_no_defect(source_database: Source) -> None:
    create(source_database, reference_date=REFERENCE, report=silent)
    advance(source_database, days=30, report=silent)
    for defect in DEFECTS.keys() - {"not in the past of the reference date"}:
        assert not finds(source_database, DEFECTS[defect]), defect
