"""A warning that somebody has looked at: fine until its day, or until its rows are others."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.errors import UserError
from sigeti_dwh.monitor.findings import Finding, worst
from sigeti_dwh.monitor.records import judge_runs
from sigeti_dwh.night.acceptances import FILE, Acceptance, Acceptances, accept
from sigeti_dwh.night.nodes import state
from sigeti_dwh.night.results import LayerResult
from sigeti_dwh.night.run_log import RunLog
from sigeti_dwh.warehouse.database import connect

from .conftest import copied_night
from .readers import execute
from .warehouse import Warehouse

TEST = "superficie_improbable"
TODAY = datetime.now(UTC).date()
FOUND = "0123456789abcdef0123456789abcdef"
ENTRY = f"unique_dim: {{jusqu_au: 2099-12-31, raison: vu, empreinte: {FOUND}}}"


@pytest.fixture
def site(server: EmbeddedServer, template: Path, tmp_path: Path) -> Iterator[Warehouse]:
    """Copy a warehouse, with a project in which warnings can be accepted."""
    with copied_night(server, template, tmp_path / "project") as copy:
        yield copy


def examined(site: Warehouse) -> LayerResult:
    """Run the test that warns as a night does; return the layer it is in."""
    layers = site.build(checks=True, select=TEST)
    with RunLog(site.settings) as log:
        for layer in layers:
            log.layer(layer)
    [layer] = [layer for layer in layers if layer.nodes]
    return layer


def seen(site: Warehouse) -> Finding:
    """Return what the monitor finds."""
    with connect(site.settings.warehouse, autocommit=True) as connection:
        [finding] = judge_runs(connection, site.folder)
    return finding


def test_an_accepted_warning_is_fine_until_its_rows_change(site: Warehouse) -> None:
    assert examined(site).warnings
    assert (seen(site).level, worst([seen(site)])) == ("warning", "warning")

    told = accept(site.settings, TEST, TODAY, "vérifié : c'est bien ainsi", site.folder)
    assert told.startswith(f"Accepted: {TEST}, ")
    # At once, without a night.
    assert (seen(site).level, worst([seen(site)])) == ("accepted", None)
    assert f"accepted until {TODAY}: vérifié : c'est bien ainsi" in seen(site).text

    layer = examined(site)
    [node] = layer.accepted
    assert layer.warnings == ()
    assert f"accepted until {TODAY}: vérifié" in node.outcome()
    assert state(node).name == "Accepted"

    execute(
        site.settings.warehouse,
        "update dwh_dimensions.dim_lots set superficie = superficie + 1 "
        f"where lot_id = (select min(lot_id) from dwh_qualite.{TEST})",
    )
    [again] = examined(site).warnings
    assert "its rows are not those that were accepted" in again.outcome()
    assert seen(site).level == "warning"
    assert "ne sont pas celles qui ont été acceptées" in seen(site).french


def test_changes_of_our_own_columns_are_no_other_rows(site: Warehouse) -> None:
    examined(site)
    accept(site.settings, TEST, TODAY, "vu", site.folder)
    execute(site.settings.warehouse, "update dwh_dimensions.dim_lots set _changement = 0")
    assert examined(site).accepted


def test_an_acceptance_ends_with_its_day(tmp_path: Path) -> None:
    (tmp_path / FILE).parent.mkdir()
    acceptances = Acceptances(tmp_path)
    yesterday = TODAY - timedelta(days=1)
    acceptances.write("a", Acceptance(yesterday, "vu", FOUND))
    acceptances.write("b", Acceptance(TODAY, "vu", FOUND))
    read = Acceptances(tmp_path)
    assert not read.judge("a", FOUND).is_fine
    assert read.judge("a", FOUND).said == f"accepted until {yesterday} only"
    assert read.judge("b", FOUND).is_fine
    assert not read.judge("b", None).is_fine
    assert read.judge("c", FOUND).said == ""


@pytest.mark.parametrize(
    ("test", "until", "reason", "said"),
    [
        ("absent", date(2099, 1, 1), "vu", f"absent does not warn.*\n.*{TEST}"),
        ("unique_dim_lots_lot_key", date(2099, 1, 1), "vu", "does not warn"),
        (TEST, TODAY - timedelta(days=1), "vu", "is past"),
        (TEST, date(2099, 1, 1), " ", "A reason is needed"),
    ],
)
def test_what_cannot_be_accepted_is_said(
    site: Warehouse, test: str, until: date, reason: str, said: str
) -> None:
    examined(site)
    with pytest.raises(UserError, match=said):
        accept(site.settings, test, until, reason, site.folder)
    assert not (site.folder / FILE).exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a: [", "is not YAML"),
        ("- a", "holds no entries"),
        (ENTRY.replace("raison", "motif"), "unique_dim: it has empreinte, jusqu_au, raison"),
        (ENTRY.replace("2099-12-31", "demain"), "unique_dim: jusqu_au is 'demain'"),
        (ENTRY.replace("vu", "''"), "unique_dim: raison says nothing"),
        (ENTRY.replace(FOUND, "abc"), "unique_dim: empreinte is 'abc'"),
    ],
)
def test_a_mistake_in_the_file_is_said(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / FILE
    path.parent.mkdir()
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=said):
        Acceptances(tmp_path)


def test_an_entry_of_no_test_stops_the_run_before_the_load(site: Warehouse) -> None:
    (site.folder / FILE).write_text(ENTRY, encoding="utf-8")
    with pytest.raises(UserError, match="there is no test unique_dim"):
        site.parsed()
