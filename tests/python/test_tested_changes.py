"""At night a test looks at what changed since it passed; weekly and by command at everything."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.errors import UserError
from sigeti_dwh.night.layers import LAYERS
from sigeti_dwh.night.profiles import write_profiles
from sigeti_dwh.night.project import Project
from sigeti_dwh.warehouse.database import connect

from .conftest import copied_night
from .warehouse import Warehouse, environment

FACTS = LAYERS[3]


@pytest.fixture(scope="module")
def built(server: EmbeddedServer, template: Path) -> Iterator[Warehouse]:
    """Copy a warehouse whose tests have passed once, and whose last load found nothing."""
    with copied_night(server, template) as copy:
        copy.load()
        yield copy


def payments_are_tested(built: Warehouse, *, full_tests: bool = False) -> bool:
    """Run the tests of the payments; return whether they passed."""
    with environment():
        write_profiles(built.settings, built.folder)
        project = Project(
            built.settings,
            full_tests=full_tests,
            select="fait_paiements",
            folder=built.folder,
            report=built.lines.append,
        )
        project.parse()
        project.nodes[FACTS] = [
            node
            for node in project.nodes[FACTS]
            if node.startswith("test.sigeti_dwh.relationships")
        ]
        try:
            project.build(FACTS)
        except UserError:
            return False
        return True


def point_to_nothing(built: Warehouse, *, as_changed: bool) -> None:
    """Give a payment a zone that there is not, beside the night."""
    _set_zone(built, "987654", as_changed=as_changed)


def put_back(built: Warehouse, *, as_changed: bool) -> None:
    """Give the payment its own zone back, that of its invoice: its mart knows it by no other."""
    _set_zone(
        built,
        "(select zone_key from dwh_facts.fait_factures as f "
        "where f.facture_id = fait_paiements.facture_id)",
        as_changed=as_changed,
    )


def _set_zone(built: Warehouse, zone: str, *, as_changed: bool) -> None:
    with connect(built.settings.warehouse) as connection:
        if as_changed:
            connection.execute("insert into dwh_meta.changements (relation) values ('test')")
        connection.execute(
            f"update dwh_facts.fait_paiements set zone_key = {zone}, _changement = case when %s "
            "then (select max(numero) from dwh_meta.changements) else _changement end "
            "where paiement_id = (select min(paiement_id) from dwh_facts.fait_paiements)",
            [as_changed],
        )


def test_a_night_tests_what_changed_and_a_command_everything(built: Warehouse) -> None:
    assert payments_are_tested(built)
    point_to_nothing(built, as_changed=False)
    assert payments_are_tested(built), "the row has not changed since the test passed"
    assert not payments_are_tested(built, full_tests=True)
    assert not payments_are_tested(built), "after a failure everything is looked at"
    put_back(built, as_changed=False)
    assert payments_are_tested(built)
    point_to_nothing(built, as_changed=True)
    assert not payments_are_tested(built), "a changed row is looked at"
    put_back(built, as_changed=True)
    assert payments_are_tested(built)


def test_once_a_week_a_night_tests_everything(built: Warehouse) -> None:
    assert payments_are_tested(built)
    point_to_nothing(built, as_changed=False)
    assert payments_are_tested(built)
    with connect(built.settings.warehouse) as connection:
        connection.execute("update dwh_meta.essais set entier_le = entier_le - interval '7 days'")
    assert not payments_are_tested(built)
    put_back(built, as_changed=False)
    assert payments_are_tested(built)


def test_rows_are_kept_as_long_as_a_test_finds_some(built: Warehouse) -> None:
    found = "relationships_fait_paiements"
    kept = "select tablename from pg_tables where schemaname = 'dwh_qualite' and tablename like %s"
    assert payments_are_tested(built)
    assert built.rows(kept, f"{found}%") == []
    point_to_nothing(built, as_changed=True)
    assert not payments_are_tested(built)
    ((table,),) = built.rows(kept, f"{found}%")
    assert built.rows(f"select from_field from dwh_qualite.{table}") == [(987654,)]
    put_back(built, as_changed=True)
    assert payments_are_tested(built)
    assert built.rows(kept, f"{found}%") == []


def test_an_edited_test_looks_at_everything(built: Warehouse) -> None:
    assert payments_are_tested(built)
    with connect(built.settings.warehouse) as connection:
        before = connection.execute("select count(*) from dwh_meta.essais").fetchone()
        connection.execute("update dwh_meta.essais set empreinte = 'of the former text'")
    assert before is not None and before[0] > 0
    point_to_nothing(built, as_changed=False)
    assert not payments_are_tested(built)
    put_back(built, as_changed=False)


def test_the_whole_project_passes_on_what_changed(built: Warehouse) -> None:
    """Every test compiles and passes in its limited form, on a day's changes."""
    built.advance(1)
    results = built.run(checks=True)
    tests = [node for result in results for node in result.nodes if node.resource_type == "test"]
    assert tests and all(node.ok for node in tests)
