"""The demo source: SIGETI's schema, the same data for a seed, nothing half-made."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from sigeti_dwh.demo import advance, create, is_empty
from sigeti_dwh.demo.creation import CASES
from sigeti_dwh.demo.scratch import BRIDGES, TABLES
from sigeti_dwh.errors import UserError

REFERENCE = date(2025, 6, 30)
Source = psycopg.Connection[Any]


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


def test_every_foreign_key_is_declared_and_valid(source_database: Source) -> None:
    fill(source_database)
    rules = source_database.execute(
        "select format('%s.%s %s %s', conrelid::regclass, attname, confrelid::regclass,"
        " confdeltype)"
        " from pg_constraint join pg_attribute on attrelid = conrelid and attnum = conkey[1]"
        " where contype = 'f' and convalidated and connamespace = 'public'::regnamespace"
    )
    assert {rule for (rule,) in rules} == {
        "operateurs.user_id users n",
        "operateurs.entreprise_id entreprises n",
        "entreprises.domaine_activite_id domaines_activites a",
        "entreprises.entreprise_id domaines_activites n",
        "entreprises.user_id users n",
        "entreprise_domaines.entreprise_id entreprises c",
        "entreprise_domaines.domaine_activite_id domaines_activites c",
        "lots.entreprise_id entreprises n",
        "lots.operateur_id operateurs n",
        "lots.zone_id zones_industrielles n",
        "lots.zone_industrielle_id zones_industrielles a",
        "demandes_attribution.demandes_attribution operateurs n",
        "demandes_attribution.entreprise_id entreprises n",
        "demandes_attribution.lot_id lots n",
        "demandes_attribution.user_id users r",
        "demandes_attribution.zone_id zones_industrielles a",
        "demande_attribution_lots.demande_attribution_id demandes_attribution c",
        "demande_attribution_lots.lot_id lots c",
        "historique_demandes.demande_attribution_id demandes_attribution n",
        "historique_demandes.utilisateur_id users n",
        "collecte_zones.collecte_id collectes c",
        "collecte_zones.zone_id zones_industrielles c",
        "factures.collecte_id collectes c",
        "factures.demande_attribution_id demandes_attribution n",
        "factures.entreprise_id entreprises a",
        "detail_factures.facture_id factures c",
        "paiement_factures.facture_id factures c",
        "agents.type_agent_id types_agents a",
        "collecte_agents.agent_id agents c",
        "collecte_agents.collecte_id collectes c",
        "collecte_entreprises.collecte_id collectes c",
        "collecte_entreprises.entreprise_id entreprises c",
        "conventions.cree_par users n",
        "workflow_infractions.commissaire_justice_id users n",
        "workflow_infractions.entreprise_id entreprises n",
        "workflow_infractions.lot_id lots n",
        "workflow_infractions.operateur_id operateurs n",
        "workflow_infractions_conventions.commissaire_justice_id commissaires_justice n",
        "workflow_infractions_conventions.convention_id conventions n",
        "workflow_infractions_conventions.entreprise_id entreprises n",
        "workflow_infractions_conventions.operateur_id operateurs n",
        "suivis_implantation.demande_attribution_id demandes_attribution n",
        "etapes_suivi_implantation.suivi_implantation_id suivis_implantation n",
        "impenses.cloturee_par users n",
        "impenses.dex_id users n",
        "impenses.dex_rapport_id users n",
        "impenses.entreprise_id entreprises n",
        "impenses.expert_id users n",
        "impenses.lot_id lots n",
        "impenses.operateur_id operateurs n",
        "indemnisations.detenteur_id detenteurs c",
        "indemnisations.zone_id zones_industrielles n",
        "paiements_indemnisation.detenteur_id detenteurs a",
        "paiements_indemnisation.indemnisation_id indemnisations c",
        "retrait_lots.lot_id lots n",
        '"retrait_Conventions".convention_id conventions n',
        "sinistres.commissaire_justice_id users n",
        "sinistres.statut_incident_id statuts_incident a",
        "sinistres.type_incident_id types_incident a",
    }


def test_statuses_are_the_enums_of_the_application(source_database: Source) -> None:
    fill(source_database)
    labels = dict(
        source_database.execute(
            "select typname, array_agg(enumlabel::text order by enumsortorder)"
            " from pg_type join pg_enum on enumtypid = pg_type.oid group by typname"
        ).fetchall()
    )
    assert labels["enum_factures_statut"] == [
        "En attente",
        "Payée",
        "Échoué",
        "Annulée",
        "Remboursée",
    ]
    assert labels["enum_lots_statut"] == ["disponible", "occupé"]
    assert labels["enum_retrait_Conventions_statut"] == [
        "en cours",
        "suspendu",
        "terminé",
        "annulé",
    ]
    assert len(labels) == 36


def test_next_ids_follow_the_data(source_database: Source) -> None:
    fill(source_database)
    for table in TABLES:
        if table not in BRIDGES:
            last = scalar(source_database, f'select last_value from "{table}_id_seq"')
            assert last == scalar(source_database, f'select max(id) from "{table}"'), table


def test_nothing_but_tables_is_left_behind(source_database: Source) -> None:
    fill(source_database)
    assert scalar(source_database, "select to_regnamespace('sigeti_demo') is null")
    assert scalar(
        source_database, "select count(*) from pg_tables where schemaname = 'public'"
    ) == len(TABLES)


def test_the_same_seed_gives_the_same_data(source_database: Source) -> None:
    fill(source_database, seed=1)
    first = fingerprint(source_database)
    empty(source_database)
    # What a session brings along must not show in the data.
    source_database.execute("set timezone = 'America/Los_Angeles'; set datestyle = 'German'")
    fill(source_database, seed=1)
    assert fingerprint(source_database) == first


def test_another_seed_gives_other_data(source_database: Source) -> None:
    fill(source_database, seed=1)
    first = fingerprint(source_database)
    empty(source_database)
    fill(source_database, seed=2)
    second = fingerprint(source_database)
    assert {table for table in TABLES if first[table] == second[table]} == set()


def test_scale_multiplies(source_database: Source) -> None:
    fill(source_database, scale=10)
    counts = {table: scalar(source_database, f'select count(*) from "{table}"') for table in TABLES}
    assert counts["factures"] == 10_000
    assert 11_000 < counts["paiement_factures"] < 13_000
    assert counts["entreprises"] == round(60 * 10**0.8)
    assert counts["lots"] == round(300 * 10**0.8)
    assert counts["demandes_attribution"] == round(200 * 10**0.8)
    assert counts["zones_industrielles"] == 21
    assert counts["historique_demandes"] > 5 * counts["demandes_attribution"]
    for process, cases in CASES.items():
        assert counts[process] == round(cases * 10**0.8), process
    assert scalar(source_database, "select max(numero_facture) like 'FAC-2025-9%' from factures")
    assert (
        scalar(source_database, "select count(*) from factures where numero_facture like '%-10000'")
        == 1
    )


def test_the_demo_is_of_today_unless_told(source_database: Source) -> None:
    create(source_database, report=silent)
    newest = scalar(source_database, "select max(updated_at) from factures")
    assert timedelta(0) < datetime.now(UTC) - newest < timedelta(days=4)


def test_nothing_is_created_over_existing_tables(source_database: Source) -> None:
    assert is_empty(source_database)
    source_database.execute("create table lots (id integer); insert into lots values (1)")
    assert not is_empty(source_database)
    with pytest.raises(UserError, match="already"):
        fill(source_database)
    assert scalar(source_database, "select count(*) from lots") == 1


def test_a_failed_creation_leaves_nothing(
    source_database: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Source) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sigeti_dwh.demo.creation._set_sequences", fail)
    with pytest.raises(KeyboardInterrupt):
        fill(source_database)
    assert is_empty(source_database)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda connection: create(connection, scale=0), "scale is 0"),
        (lambda connection: advance(connection, days=0), "0 days"),
        (lambda connection: advance(connection, days=1), "no demo source"),
    ],
)
def test_a_mistake_is_named(source_database: Source, action: Any, message: str) -> None:
    with pytest.raises(UserError, match=message) as failure:
        action(source_database)
    assert str(failure.value).count("\n") < 3
