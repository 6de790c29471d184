"""A source whose server begins its history again: transactions then get the same numbers twice."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from shutil import copytree, rmtree

import psycopg
import pytest

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.errors import UserError
from sigeti_dwh.warehouse.database import connect

from .conftest import at, fresh_database
from .copies import stale
from .source_rows import at_source
from .warehouse import Warehouse


@pytest.fixture
def elsewhere(server: EmbeddedServer, tmp_path: Path) -> Iterator[tuple[EmbeddedServer, Warehouse]]:
    """Load a source that has a server of its own."""
    machine = EmbeddedServer(tmp_path / "machine")
    start(machine)
    machine.create_database("source")
    with fresh_database(server, "warehouse") as target:
        warehouse = Warehouse(at(machine, "source", "source"), target, tmp_path)
        warehouse.fill()
        yield machine, warehouse
    machine.stop()


def start(machine: EmbeddedServer) -> None:
    """Start a server without a word."""
    machine.start(report=lambda line: None)


def copy_disk(source: Path, target: Path) -> None:
    """Copy a folder as a copy of a disk does, owners included."""
    rmtree(target, ignore_errors=True)
    copytree(source, target, symlinks=True)
    for path in (source, *source.rglob("*")):
        owner = path.lstat()
        os.chown(target / path.relative_to(source), owner.st_uid, owner.st_gid)


MUCH = (
    "create table other (n integer)",
    "insert into other select generate_series(1, 50000)",
    "update lots set prix = prix + 1",
    *["update factures set montant_total = 9 where id = 20"] * 50,
    "checkpoint",
)


@pytest.mark.parametrize("later", [(), MUCH], ids=["", "and much written since"])
def test_a_source_put_back_from_a_copy_of_its_disk_is_compared_by_values(
    elsewhere: tuple[EmbeddedServer, Warehouse], tmp_path: Path, later: tuple[str, ...]
) -> None:
    machine, warehouse = elsewhere
    disk, kept = tmp_path / "machine" / "data", tmp_path / "kept"
    machine.stop()
    copy_disk(disk, kept)
    start(machine)
    change = "update factures set montant_total = %s where id in (4, 700)"
    warehouse.change(change, 1)
    warehouse.load()
    row = "select xmin::text, montant_total from factures where id = 4"
    position = "select pg_current_wal_insert_lsn() - '0/0'"
    [(version, _)], [(reached,)] = at_source(warehouse, row), at_source(warehouse, position)
    machine.stop()
    copy_disk(kept, disk)
    start(machine)
    warehouse.change(change, 2)
    with connect(warehouse.source, autocommit=True) as connection:
        for statement in later:
            connection.execute(statement)  # type: ignore[call-overload]
    assert at_source(warehouse, row) == [(version, 2)]
    assert (at_source(warehouse, position)[0][0] > reached) == bool(later)
    warehouse.load()
    assert stale(warehouse) == []


def test_a_server_started_again_costs_a_comparison_and_writes_nothing(
    elsewhere: tuple[EmbeddedServer, Warehouse],
) -> None:
    machine, warehouse = elsewhere
    warehouse.load()
    machine.stop()
    start(machine)
    result = warehouse.load()
    assert sum(table.read for table in result.tables) > 1000
    assert result.changed == 0
    assert sum(table.read for table in warehouse.load().tables) == 0


def test_a_server_that_recovered_from_a_crash_is_compared_by_values(
    elsewhere: tuple[EmbeddedServer, Warehouse],
) -> None:
    _, warehouse = elsewhere
    warehouse.load()
    [(started,)] = at_source(warehouse, "select pg_postmaster_start_time()")
    [(process,)] = at_source(
        warehouse, "select pid from pg_stat_activity where backend_type = 'walwriter'"
    )
    os.kill(process, signal.SIGKILL)
    assert [one for (one,) in after_the_crash(warehouse, process)] == [started]
    assert sum(table.read for table in warehouse.load().tables) > 1000


def after_the_crash(warehouse: Warehouse, process: int) -> list[tuple[object, ...]]:
    """Return since when the server runs, once it has recovered from the end of a process."""
    query = (
        "select pg_postmaster_start_time() from pg_stat_activity "
        f"where backend_type = 'walwriter' and pid <> {process}"
    )
    while True:
        with suppress(UserError, psycopg.OperationalError):
            if started := at_source(warehouse, query):
                return started


def test_a_full_refresh_compares_values(copied: Warehouse) -> None:
    with connect(copied.settings.warehouse) as connection:
        connection.execute("update raw_sigeti.factures set montant_total = -1 where id = 4")
    copied.load()
    assert stale(copied) == ["factures"]
    copied.load(by_value=True)
    assert stale(copied) == []


def test_a_warehouse_in_the_source_s_own_server_is_put_back_with_it(tmp_path: Path) -> None:
    machine = EmbeddedServer(tmp_path / "machine")
    start(machine)
    try:
        for name in ("source", "warehouse"):
            machine.create_database(name)
        warehouse = Warehouse(
            at(machine, "source", "source"), at(machine, "warehouse", "warehouse"), tmp_path
        )
        warehouse.fill()
        warehouse.load()
        machine.stop()
        start(machine)
        assert sum(table.read for table in warehouse.load().tables) == 0
    finally:
        machine.stop()
