"""What can happen at a SIGETI source, as statements with random choices."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from sigeti_dwh.settings import ROOT, project_files

CHOICE = st.integers(0, 10_000)
# Times before, around and after the demo's, so that clocks seem to jump both ways.
MOMENT = st.sampled_from(
    ["2019-02-03 04:05+00", "2026-06-29 23:59:59.999+00", "2026-07-01+00", "2027-01-01+00", "now"]
)
AMOUNT = st.sampled_from([0, 1, 500, 250_000, 10_000_000, -1_000])


def any_of(table: str, condition: str = "true") -> str:
    """Return a subquery for the id of some row, chosen by the next argument."""
    return (
        f"(select id from {table} where {condition} order by id "
        f"offset %s %% greatest((select count(*) from {table} where {condition}), 1) limit 1)"
    )


FACTURE, PAIEMENT, COLLECTE = any_of("factures"), any_of("paiement_factures"), any_of("collectes")
DEMANDE, LOT, ZONE = any_of("demandes_attribution"), any_of("lots"), any_of("zones_industrielles")
ENTREPRISE, DOMAINE = any_of("entreprises"), any_of("domaines_activites")
EVENEMENT, LIGNE = any_of("historique_demandes"), any_of("detail_factures")
AGENT, IMPLANTATION = any_of("agents"), any_of("suivis_implantation")
INDEMNISATION, STATUT_INCIDENT = any_of("indemnisations"), any_of("statuts_incident")
CASES = {
    "suivis_implantation": ["EN_COURS", "TERMINE", "BLOQUE"],
    "workflow_infractions": ["en_cours", "Clôturé ", "annule", "?"],
    "workflow_infractions_conventions": ["en_cours", "cloture"],
    "conventions": ["en cours", "signé", "rejeté"],
    "impenses": ["en cours", "complete", "annulee"],
    "indemnisations": ["En cours", "Indemnisé", "Refusé"],
    "retrait_lots": ["en cours", "terminé", "annulé"],
    '"retrait_Conventions"': ["suspendu", "terminé"],
}
"""Tables of cases, and words that their state can take."""
UNUSED_LOT = any_of(
    "lots",
    "not exists (select 1 from demandes_attribution d where d.lot_id = lots.id)",
)
NEW_PAYMENT = (
    "insert into paiement_factures (id, facture_id, montant, date_paiement, mode_paiement, statut, "
    "created_at, updated_at) "
)

CHANGES: dict[str, tuple[str, tuple[st.SearchStrategy[Any], ...]]] = {
    "a payment comes": (
        f"{NEW_PAYMENT} select coalesce(max(id), 0) + 1, {FACTURE}, %s, %s, null, 'Reussi', %s, %s "
        "from paiement_factures",
        (CHOICE, AMOUNT, MOMENT, MOMENT, MOMENT),
    ),
    "a lower id comes back": (
        f"{NEW_PAYMENT} select n, {FACTURE}, 7, now(), 'Chèque ', 'RÉUSSI', %s, %s "
        "from generate_series(1, 60) n "
        "where not exists (select 1 from paiement_factures p where p.id = n) limit 1",
        (CHOICE, MOMENT, MOMENT),
    ),
    "a payment changes silently": (
        f"update paiement_factures set montant = %s where id = {PAIEMENT}",
        (AMOUNT, CHOICE),
    ),
    "a payment is confirmed": (
        "update paiement_factures set statut = case statut when 'Reussi' then 'en_attente' "
        f"else 'Reussi' end, updated_at = %s where id = {PAIEMENT}",
        (MOMENT, CHOICE),
    ),
    "a payment moves to another invoice": (
        f"update paiement_factures set facture_id = {FACTURE} where id = {PAIEMENT}",
        (CHOICE, CHOICE),
    ),
    "a payment is deleted": (f"delete from paiement_factures where id = {PAIEMENT}", (CHOICE,)),
    "an invoice changes status": (
        "update factures set statut = %s::enum_factures_statut, date_paiement = %s, "
        f"updated_at = %s where id = {FACTURE}",
        (
            st.sampled_from(["En attente", "Payée", "Échoué", "Annulée", "Remboursée"]),
            st.none() | MOMENT,
            MOMENT,
            CHOICE,
        ),
    ),
    "an invoice is deleted or restored": (
        "update factures set is_deleted = is_deleted is not true, deleted_at = null "
        f"where id = {FACTURE}",
        (CHOICE,),
    ),
    "an invoice is corrected": (
        "update factures set montant_total = %s, date_creation = %s, date_echeance = %s, "
        f"updated_at = %s where id = {FACTURE}",
        (AMOUNT, MOMENT, st.none() | MOMENT, MOMENT, CHOICE),
    ),
    "an invoice changes campaign": (
        f"update factures set collecte_id = {COLLECTE} where id = {FACTURE}",
        (CHOICE, CHOICE),
    ),
    "an invoice changes payer": (
        f"update factures set entreprise_id = {ENTREPRISE} where id = {FACTURE}",
        (CHOICE, CHOICE),
    ),
    "an invoice leaves its campaign for a request": (
        f"update factures set collecte_id = null, demande_attribution_id = {DEMANDE} "
        f"where id = {FACTURE}",
        (CHOICE, CHOICE),
    ),
    "a campaign goes, with its invoices": (
        f"delete from collectes where id = {COLLECTE}",
        (CHOICE,),
    ),
    "a campaign changes": (
        "update collectes set montant_recouvre = %s, status = %s::enum_collectes_status, "
        f"date_debut = %s::timestamptz::date where id = {COLLECTE}",
        (AMOUNT, st.sampled_from(["recouvree", "reportee"]), MOMENT, CHOICE),
    ),
    "a campaign gains a zone": (
        f"insert into collecte_zones (collecte_id, zone_id) select {COLLECTE}, {ZONE} "
        "on conflict do nothing",
        (CHOICE, CHOICE),
    ),
    "a campaign loses its zones": (
        f"delete from collecte_zones where collecte_id = {COLLECTE}",
        (CHOICE,),
    ),
    "a request is decided": (
        "update demandes_attribution set statut = %s::enum_demandes_attribution_statut, "
        f"updated_at = %s where id = {DEMANDE}",
        (
            st.none() | st.sampled_from(["EN_COURS", "VALIDE", "REJETE", "DOCUMENTS_REJETES"]),
            MOMENT,
            CHOICE,
        ),
    ),
    "a request changes zone, parcel and applicant": (
        f"update demandes_attribution set zone_id = {ZONE}, lot_id = {LOT}, "
        f"entreprise_id = {ENTREPRISE} where id = {DEMANDE}",
        (CHOICE, CHOICE, CHOICE, CHOICE),
    ),
    "a request loses zone, parcel and applicant": (
        "update demandes_attribution set zone_id = null, lot_id = null, entreprise_id = null, "
        f"""emplois = '{{"total": "x"}}' where id = {DEMANDE}""",
        (CHOICE,),
    ),
    "a request is for land outside the zones, or no longer": (
        "update demandes_attribution set zone_id = null, type_demande = "
        "%s::enum_demandes_attribution_type_demande "
        f"where id = {DEMANDE}",
        (st.sampled_from(["HORS_ZONE_INDUSTRIELLE", "ZONE_INDUSTRIELLE"]), CHOICE),
    ),
    "a request is deleted": (f"delete from demandes_attribution where id = {DEMANDE}", (CHOICE,)),
    "a request gains a parcel": (
        "insert into demande_attribution_lots (demande_attribution_id, lot_id) "
        f"select {DEMANDE}, {LOT} on conflict do nothing",
        (CHOICE, CHOICE),
    ),
    "a request loses its parcels": (
        f"delete from demande_attribution_lots where demande_attribution_id = {DEMANDE}",
        (CHOICE,),
    ),
    "a parcel changes": (
        "update lots set prix = abs(%s), superficie = abs(%s), unite_mesure = %s, "
        f"zone_industrielle_id = {ZONE}, statut = case statut when 'disponible' "
        f"then 'occupé'::enum_lots_statut else 'disponible' end where id = {LOT}",
        (AMOUNT, AMOUNT, st.sampled_from(["ha", " HA ", "m2", "M²", "?"]), CHOICE, CHOICE),
    ),
    "a parcel changes hands, or comes into them": (
        f"update lots set entreprise_id = {ENTREPRISE} where id = {LOT}",
        (CHOICE, CHOICE),
    ),
    "an enterprise holds parcels in a zone of a campaign that bills it": (
        "update lots set entreprise_id = visee.entreprise_id, zone_industrielle_id = visee.zone_id "
        "from (select entreprise_id, zone_id from factures join collecte_zones using (collecte_id) "
        "order by factures.id, zone_id offset %s %% (select count(*) from factures "
        f"join collecte_zones using (collecte_id)) limit 1) as visee where id = {LOT}",
        (CHOICE, CHOICE),
    ),
    "a parcel is let go": (f"update lots set entreprise_id = null where id = {LOT}", (CHOICE,)),
    "a parcel is deleted": (f"delete from lots where id = {UNUSED_LOT}", (CHOICE,)),
    "an enterprise changes": (
        "update entreprises set raison_sociale = %s, domaine_activite_id = %s, "
        f"date_modification = coalesce(%s, date_modification) where id = {ENTREPRISE}",
        (
            st.sampled_from(["Œuvre", "Société Été", " x "]),
            st.none() | st.integers(1, 5),
            st.none() | MOMENT,
            CHOICE,
        ),
    ),
    "an enterprise gains a sector": (
        "insert into entreprise_domaines (entreprise_id, domaine_activite_id, created_at) "
        f"select {ENTREPRISE}, {DOMAINE}, now() on conflict do nothing",
        (CHOICE, CHOICE),
    ),
    "an enterprise loses its sectors": (
        f"delete from entreprise_domaines where entreprise_id = {ENTREPRISE}",
        (CHOICE,),
    ),
    "an enterprise comes": (
        "insert into entreprises (id, raison_sociale, telephone, email, date_creation, "
        "date_modification) select max(id) + 1, 'Nouvelle', '0', 'e' || max(id), now(), now() "
        "from entreprises",
        (),
    ),
    "a request takes a step": (
        "insert into historique_demandes (id, demande_attribution_id, etape_source, "
        "etape_destination, action, date_action, created_at, updated_at) "
        f"select coalesce(max(id), 0) + 1, {DEMANDE}, %s, %s, 'Étape', %s, now(), now() "
        "from historique_demandes",
        (CHOICE, st.integers(0, 13), st.integers(1, 13), MOMENT),
    ),
    "an event moves to another moment and request": (
        f"update historique_demandes set date_action = %s, demande_attribution_id = {DEMANDE} "
        f"where id = {EVENEMENT}",
        (MOMENT, CHOICE, CHOICE),
    ),
    "an event loses its request": (
        f"update historique_demandes set demande_attribution_id = null where id = {EVENEMENT}",
        (CHOICE,),
    ),
    "an event is deleted": (
        f"delete from historique_demandes where id = {EVENEMENT}",
        (CHOICE,),
    ),
    "a line of an invoice changes": (
        "update detail_factures set montant_ligne = %s, description = %s, "
        f"facture_id = {FACTURE} where id = {LIGNE}",
        (
            AMOUNT,
            st.sampled_from(["Redevance", "FRAIS DE LAMEV ", "frais de  dossier", ""]),
            CHOICE,
            CHOICE,
        ),
    ),
    "a line of an invoice is deleted": (
        f"delete from detail_factures where id = {LIGNE}",
        (CHOICE,),
    ),
    "a campaign gains an agent, or gives him the other role": (
        "insert into collecte_agents (collecte_id, agent_id, role, date_assignation) "
        f"select {COLLECTE}, {AGENT}, 'responsable', %s "
        "on conflict (collecte_id, agent_id) do update set role = 'assistant'",
        (CHOICE, CHOICE, MOMENT),
    ),
    "an agent is deleted": (f"delete from agents where id = {AGENT}", (CHOICE,)),
    "an agent stops": (f"update agents set deleted_at = now() where id = {AGENT}", (CHOICE,)),
    **{
        f"a case of {table} becomes {word}": (
            f"update {table} set statut = '{word}' where id = {any_of(table)}",
            (CHOICE,),
        )
        for table, words in CASES.items()
        for word in words
    },
    "a case changes parcel and enterprise": (
        f"update workflow_infractions set lot_id = {LOT}, entreprise_id = {ENTREPRISE} "
        f"where id = {any_of('workflow_infractions')}",
        (CHOICE, CHOICE, CHOICE),
    ),
    "a case is deleted": (
        f"delete from impenses where id = {any_of('impenses')}",
        (CHOICE,),
    ),
    "a step of a settlement is done, or of another one": (
        f"update etapes_suivi_implantation set suivi_implantation_id = {IMPLANTATION}, "
        "statut = case statut when 'TERMINE' then 'EN_COURS' else 'TERMINE' end"
        f"::enum_etapes_suivi_implantation_statut where id = {any_of('etapes_suivi_implantation')}",
        (CHOICE, CHOICE),
    ),
    "a compensation is paid, or another one": (
        f"update paiements_indemnisation set montant_verser = abs(%s), "
        f"indemnisation_id = {INDEMNISATION} where id = {any_of('paiements_indemnisation')}",
        (AMOUNT, CHOICE, CHOICE),
    ),
    "an incident changes state": (
        f"update sinistres set statut_incident_id = {STATUT_INCIDENT} "
        f"where id = {any_of('sinistres')}",
        (CHOICE, CHOICE),
    ),
    "a state of incidents is renamed": (
        f"update statuts_incident set label = %s || id where id = {STATUT_INCIDENT}",
        (st.sampled_from(["Clôturé", "Étape "]), CHOICE),
    ),
    "a zone is renamed": (
        f"update zones_industrielles set libelle = 'Zone Œ' where id = {ZONE}",
        (CHOICE,),
    ),
    "a zone comes": (
        "insert into zones_industrielles (id, code, libelle, created_at, updated_at) "
        "select max(id) + 1, 'Z' || max(id), 'Nouvelle', now(), now() from zones_industrielles",
        (),
    ),
}


Change = tuple[str, tuple[Any, ...]]


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """Draw a change: its name and arguments."""
    name = draw(st.sampled_from(sorted(CHANGES)))
    return name, tuple(draw(argument) for argument in CHANGES[name][1])


BUILT = (
    "snap_entreprises",
    "snap_lots",
    *sorted(
        path.stem
        for layer in ("dimensions", "facts", "marts")
        for path in project_files(ROOT, f"models/{layer}/**/*.sql")
    ),
)
"""The relations that a night keeps from one to the next, and follows the changes of."""


@dataclass(frozen=True)
class Step:
    """What happens until the next morning."""

    committed: list[Change]
    open_meanwhile: list[Change]
    """Changes of a transaction that is still open during the night, and ends after it."""
    ending: str
    killed_at: int
    """After how many events of nodes the server ends a killed night's connections."""
    selection: tuple[str, ...] = ()
    """What is selected, run by hand, dropped or edited, where the ending is one of these."""


ENDINGS = st.sampled_from(
    [
        "night",
        "night",
        "full refresh",
        "killed",
        "load alone",
        "selection",
        "selection",
        "dbt run",
        "dbt build",
        "taken up",
        "dropped",
        "edited",
    ]
)
STEPS = st.builds(
    Step,
    st.lists(changes(), min_size=1, max_size=6),
    st.lists(changes(), max_size=2),
    ENDINGS,
    st.integers(0, 45),
    st.lists(st.sampled_from(BUILT), min_size=1, max_size=2, unique=True).map(tuple),
)
HISTORIES = st.lists(STEPS, min_size=2, max_size=4)
