"""Days that pass in the demo source."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from sigeti_dwh.demo import advance, create
from sigeti_dwh.demo.days import _next_day
from sigeti_dwh.demo.scratch import TABLES
from sigeti_dwh.errors import UserError

REFERENCE = date(2025, 6, 30)
Source = psycopg.Connection[Any]
Rows = dict[str, dict[Any, dict[str, Any]]]
KEYS = {
    "collecte_zones": ("collecte_id", "zone_id"),
    "collecte_agents": ("collecte_id", "agent_id"),
}
PARENTS = {
    "paiement_factures": ("facture_id", "factures"),
    "detail_factures": ("facture_id", "factures"),
    "collecte_zones": ("collecte_id", "collectes"),
    "collecte_agents": ("collecte_id", "collectes"),
    "historique_demandes": ("demande_attribution_id", "demandes_attribution"),
    "paiements_indemnisation": ("indemnisation_id", "indemnisations"),
    "demande_attribution_lots": ("demande_attribution_id", "demandes_attribution"),
    "entreprise_domaines": ("entreprise_id", "entreprises"),
}


def silent(_: str) -> None:
    """Swallow the progress messages."""


def fill(connection: Source, **options: Any) -> None:
    """Create the demo as of the tests' reference date."""
    create(connection, **{"reference_date": REFERENCE, "report": silent, **options})


def scalar(connection: Source, query: str) -> Any:
    """Return the first value of a query."""
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def empty(connection: Source) -> None:
    """Remove everything from the database."""
    connection.execute("drop schema public cascade; create schema public")


def fingerprint(connection: Source) -> dict[str, str]:
    """Return a checksum of each table, whatever the order of its rows."""
    connection.execute("set timezone = 'UTC'; set datestyle = 'ISO'")
    checksum = 'select md5(string_agg(t::text, \'|\' order by t::text collate "C")) from "{}" as t'
    return {table: scalar(connection, checksum.format(table)) for table in TABLES}


def rows(connection: Source) -> Rows:
    """Return every row of every table by its key."""
    found: Rows = {}
    for table in TABLES:
        contents = [row[0] for row in connection.execute(f'select to_jsonb(t) from "{table}" as t')]
        keys = KEYS.get(table, ("id",))
        found[table] = {tuple(row[key] for key in keys): row for row in contents}
    return found


def test_the_same_days_pass_for_the_same_seed(source_database: Source) -> None:
    fingerprints = []
    for seed in (5, 5, 6):
        empty(source_database)
        fill(source_database)
        advance(source_database, days=5, seed=seed, report=silent)
        fingerprints.append(fingerprint(source_database))
    assert fingerprints[0] == fingerprints[1]
    assert fingerprints[0]["factures"] != fingerprints[2]["factures"]


def test_five_days_at_once_are_five_times_one(source_database: Source) -> None:
    fill(source_database)
    advance(source_database, days=5, report=silent)
    at_once = fingerprint(source_database)
    empty(source_database)
    fill(source_database)
    for _ in range(5):
        advance(source_database, days=1, report=silent)
    assert fingerprint(source_database) == at_once


def test_days_change_everything_a_warehouse_must_follow(
    source_database: Source,
) -> None:
    fill(source_database)
    inserted, added, deleted, removed = set(), set(), set(), set()
    moves: dict[tuple[str, str], set[tuple[Any, Any]]] = defaultdict(set)
    before = rows(source_database)
    for _ in range(12):
        advance(source_database, days=5, report=silent)
        after = rows(source_database)
        for table in TABLES:
            column, parent = PARENTS.get(table, ("id", ""))
            for key in after[table].keys() - before[table].keys():
                inserted.add(table)
                if (after[table][key].get(column),) in before.get(parent, {}):
                    added.add(table)
            for key in before[table].keys() - after[table].keys():
                deleted.add(table)
                if (before[table][key].get(column),) in after.get(parent, {}):
                    removed.add(table)
            for key in after[table].keys() & before[table].keys():
                for name, new in after[table][key].items():
                    if new != (old := before[table][key][name]):
                        moves[table, name].add((old, new))
        before = after

    assert inserted == set(TABLES) - {
        "users",
        "operateurs",
        "domaines_activites",
        "zones_industrielles",
        "types_agents",
        "agents",
        "type_infractions",
        "types_incident",
        "statuts_incident",
        "commissaires_justice",
    }
    # To a request, an invoice, a campaign, an enterprise that was there already.
    bridges = {
        "collecte_zones",
        "collecte_agents",
        "demande_attribution_lots",
        "entreprise_domaines",
    }
    assert added == bridges | {
        "paiement_factures",
        "historique_demandes",
        "paiements_indemnisation",
    }
    assert deleted == bridges | {
        "paiement_factures",
        "detail_factures",
        "factures",
        "collectes",
        "lots",
    }
    # On their own, not by a cascade.
    assert removed == bridges | {"paiement_factures"}
    assert moves.keys() >= {
        ("entreprises", "raison_sociale"),
        ("entreprises", "domaine_activite_id"),
        ("zones_industrielles", "libelle"),
        ("domaines_activites", "libelle"),
        ("lots", "prix"),
        ("lots", "entreprise_id"),
        ("demandes_attribution", "etape_courante"),
        ("paiement_factures", "montant"),
        ("factures", "date_echeance"),
        ("factures", "deleted_at"),
        ("collectes", "montant_recouvre"),
        ("collectes", "montant_a_recouvrer"),
        ("collecte_entreprises", "montant_paye"),
        ("suivis_implantation", "progression"),
        ("etapes_suivi_implantation", "statut"),
        ("conventions", "statut"),
        ("workflow_infractions", "date_limite_regularisation"),
        ("impenses", "etape_actuelle"),
        ("indemnisations", "montant_restant"),
        ("sinistres", "statut_incident_id"),
    }
    assert ("en_cours", "cloture") in moves["workflow_infractions", "statut"]
    assert ("en_cours", "cloture") in moves["workflow_infractions_conventions", "statut"]
    assert ("en cours", "cloturee") in moves["impenses", "statut"]
    assert moves["retrait_lots", "statut"] & {("en cours", "terminé"), ("en cours", "annulé")}
    assert ("en cours", "terminé") in moves["retrait_Conventions", "statut"]
    assert ("EN_COURS", "TERMINE") in moves["suivis_implantation", "statut"]
    assert ("Partiellement indemnisé", "Totalement indemnisé") in moves["indemnisations", "statut"]
    steps = moves["demandes_attribution", "etape_courante"]
    assert any(new == old + 1 < 12 for old, new in steps)
    assert moves["lots", "statut"] == {("occupé", "disponible"), ("disponible", "occupé")}
    assert moves["factures", "is_deleted"] == {(False, True), (True, False)}
    assert moves["collectes", "statut_cloture"] == {("ouverte", "cloturee")}
    assert moves["paiement_factures", "statut"] == {("en_attente", "Reussi")}
    assert moves["demandes_attribution", "statut"] >= {
        ("EN_COURS", "VALIDE"),
        ("EN_COURS", "REJETE"),
        ("EN_COURS", "DOCUMENTS_REJETES"),
        ("DOCUMENTS_REJETES", "EN_COURS"),
    }
    assert moves["factures", "statut"] >= {
        ("En attente", "Payée"),
        ("En attente", "Annulée"),
        ("Payée", "Remboursée"),
    }


def test_a_change_always_shows_in_the_change_column(
    source_database: Source,
) -> None:
    fill(source_database)
    for day in range(10):
        start = datetime(2025, 6, 30, tzinfo=UTC) + timedelta(days=day)
        before = rows(source_database)
        advance(source_database, days=1, report=silent)
        after = rows(source_database)
        for table in set(TABLES) - {"collecte_zones", "collecte_agents", "entreprise_domaines"}:
            column = (
                "date_modification" if table in ("entreprises", "conventions") else "updated_at"
            )
            for key, row in after[table].items():
                if row != before[table].get(key):
                    changed_at = datetime.fromisoformat(row[column])
                    assert start <= changed_at < start + timedelta(days=1), (table, key)
        for key in before["lots"].keys() - after["lots"].keys():
            (lot,) = key
            used = [r for r in before["demandes_attribution"].values() if r["lot_id"] == lot]
            used += [r for r in before["demande_attribution_lots"].values() if r["lot_id"] == lot]
            assert not used, f"lot {lot} was in use"


def test_days_never_lie_in_the_future(source_database: Source) -> None:
    create(source_database, report=silent)
    newest = "select max(updated_at) from paiement_factures"
    for _ in range(3):
        before = scalar(source_database, newest)
        advance(source_database, days=2, report=silent)
        assert before < scalar(source_database, newest) < datetime.now(UTC)


def test_a_demo_of_an_earlier_release_is_refused(source_database: Source) -> None:
    fill(source_database)
    source_database.execute('drop table "retrait_Conventions", sinistres')
    with pytest.raises(UserError, match=r"lacks tables: retrait_Conventions, sinistres"):
        advance(source_database, days=1, report=silent)


NOW = datetime(2025, 6, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("newest", "expected"),
    [
        (
            datetime(2025, 6, 28, 9, tzinfo=UTC),
            (datetime(2025, 6, 29, tzinfo=UTC), datetime(2025, 6, 30, tzinfo=UTC)),
        ),
        (datetime(2025, 6, 29, 9, tzinfo=UTC), (datetime(2025, 6, 30, tzinfo=UTC), NOW)),
        (datetime(2025, 6, 30, 9, tzinfo=UTC), (datetime(2025, 6, 30, 9, tzinfo=UTC), NOW)),
        (
            datetime(2025, 7, 2, 9, tzinfo=UTC),
            (datetime(2025, 7, 3, tzinfo=UTC), datetime(2025, 7, 4, tzinfo=UTC)),
        ),
    ],
    ids=["past", "yesterday", "today", "future"],
)
def test_the_next_day(newest: datetime, expected: tuple[datetime, datetime]) -> None:
    assert _next_day(newest, NOW) == expected
