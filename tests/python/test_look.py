"""A look ends at once when nothing has changed since the last run, and never else."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.night import look
from sigeti_dwh.night.look import nothing_changed_since
from sigeti_dwh.night.run_log import LOOK, RunLog
from sigeti_dwh.warehouse.database import connect

from .conftest import copied_night
from .warehouse import Warehouse


@pytest.fixture(scope="module")
def night(server: EmbeddedServer, template: Path) -> Iterator[Warehouse]:
    with copied_night(server, template) as copy:
        copy.load()
        yield copy


@pytest.fixture(autouse=True)
def good_run(night: Warehouse) -> None:
    """Record a good run of all nodes, which stands at the beginning of each test."""
    night.load()
    run(night)
    assert nothing_changed_since(night.settings) is not None


def run(night: Warehouse) -> None:
    with RunLog(night.settings, "full_refresh=False select=None") as log:
        log.whole()
        log.leaves(look.code_version(night.settings))


def execute(night: Warehouse, statement: str) -> None:
    with connect(night.settings.warehouse, autocommit=True) as connection:
        connection.execute(statement.encode())


def test_a_look_is_recorded_as_a_run_and_the_source_as_read(night: Warehouse) -> None:
    [(before,)] = night.rows("select max(chargement) from dwh_meta.chargements")
    ended = nothing_changed_since(night.settings)
    [(state, options, load, run_ended)] = night.rows(
        "select etat, options, chargement, (select fin from dwh_meta.executions "
        "where options <> 'look' order by execution desc limit 1) "
        "from dwh_meta.executions order by execution desc limit 1"
    )
    assert (state, options, ended) == ("réussie", LOOK, run_ended)
    assert load > before


def test_a_look_that_finds_nothing_tells_readers_that_the_figures_are_current(
    night: Warehouse,
) -> None:
    told = (
        "select distinct fraicheur.chargement, donnees_au = debut, "
        "chargement = (select max(chargement) from dwh_meta.chargements) "
        "from dwh_marts_operationnel.fraicheur inner join dwh_meta.chargements using (chargement)"
    )
    [(before, _, _)] = night.rows(told)
    assert nothing_changed_since(night.settings) is not None
    [(load, is_of_the_load, is_the_last)] = night.rows(told)
    assert (is_of_the_load, is_the_last) == (True, True) and load > before


def failed(night: Warehouse) -> None:
    with pytest.raises(ValueError, match="broken"), RunLog(night.settings, "select=None"):
        raise ValueError("broken")


CHANGES: dict[str, Callable[[Warehouse], None]] = {
    "a row at the source": lambda night: night.change(
        "update factures set montant_total = montant_total + 1 where id = 3"
    ),
    "a row that comes": lambda night: night.change(
        "insert into zones_industrielles select (jsonb_populate_record(z, "
        "jsonb_build_object('id', 9999, 'code', 'ZZ-9'))).* from zones_industrielles z limit 1"
    ),
    "a number of somebody else's": lambda night: execute(
        night, "insert into dwh_meta.changements (relation) values ('dwh_facts.fait_factures')"
    ),
    "a dropped table": lambda night: execute(
        night, "drop table dwh_preparation.mart_segments_clients"
    ),
    "a week": lambda night: execute(
        night, "update dwh_meta.executions set debut = debut - interval '7 days'"
    ),
    "a run that failed": failed,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_look_that_finds_something_leaves_no_trace(
    night: Warehouse, change: Callable[[Warehouse], None]
) -> None:
    change(night)
    kept = (
        "select (select count(*) from dwh_meta.executions), (select count(*) from "
        "dwh_meta.chargements), (select max(numero) from dwh_meta.changements), "
        "(select sum(montant_total) from raw_sigeti.factures)"
    )
    before = night.rows(kept)
    assert nothing_changed_since(night.settings) is None
    assert night.rows(kept) == before
    if change is not failed:
        night.run()
    assert night.differences() == []


def test_other_code_and_another_day_ask_for_a_run(
    night: Warehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Tomorrow(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Tomorrow":
            return cls(2199, 5, 5, tzinfo=UTC)

    with monkeypatch.context() as patched:
        patched.setattr(look, "datetime", Tomorrow)
        assert nothing_changed_since(night.settings) is None
    with monkeypatch.context() as patched:
        patched.setattr(look, "ROOT", tmp_path)
        versions = {look.code_version(night.settings)}
        for name in (*(f"{folder}/x.sql" for folder in look.CODE), *look.FILES):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("something")
            versions.add(look.code_version(night.settings))
        assert len(versions) == 1 + len(look.CODE) + len(look.FILES)
        assert nothing_changed_since(night.settings) is None


def test_a_night_at_work_is_left_to_the_run(night: Warehouse) -> None:
    """It says who is at work."""
    with RunLog(night.settings, "select=None"):
        assert nothing_changed_since(night.settings) is None


def test_a_source_that_is_away_is_left_to_the_run(night: Warehouse) -> None:
    """It waits for it, or tells of it."""
    away = Warehouse(night.source, night.warehouse, night.folder)
    away.source = away.source.__class__(**(away.source.__dict__ | {"port": 1}))
    before = night.rows("select count(*) from dwh_meta.executions")
    assert nothing_changed_since(away.settings) is None
    assert night.rows("select count(*) from dwh_meta.executions") == before
