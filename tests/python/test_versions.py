"""Warehouses that earlier versions built, taken up by a night.

versions/ holds source and warehouse of each, by its revision, after two nights of the demo:
`pg_dump --no-owner --no-privileges --inserts --rows-per-insert=2000`, without psql's own commands.
"""

import lzma
from collections.abc import Iterator
from pathlib import Path

import pytest

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.settings import Server
from sigeti_dwh.warehouse.database import connect

from .conftest import fresh_database
from .warehouse import Warehouse, copy_project, written

DUMPS = Path(__file__).with_name("versions")
PAST = """
select {key}, dbt_valid_from, dbt_valid_to from dwh_snapshots.{snapshot}
where dbt_valid_to is not null order by 1, 2
"""
FORMER_VIEWS = "select viewname from pg_views where viewname ~ '^(int_|stg_changements_)'"


def restore(name: str, database: Server) -> None:
    """Fill an empty database from a dump."""
    with connect(database, autocommit=True) as connection:
        connection.execute(lzma.decompress((DUMPS / f"{name}.sql.xz").read_bytes()))


@pytest.fixture(params=["61f028d", "d5c4ac0"])
def old(
    request: pytest.FixtureRequest, server: EmbeddedServer, tmp_path: Path
) -> Iterator[Warehouse]:
    """Restore a warehouse of an earlier version, with its source."""
    with (
        fresh_database(server, "source") as source,
        fresh_database(server, "warehouse") as target,
    ):
        restore(f"{request.param}_source", source)
        restore(f"{request.param}_warehouse", target)
        yield Warehouse(source, target, copy_project(tmp_path))


def test_a_night_takes_up_a_warehouse_of_an_earlier_version(old: Warehouse) -> None:
    past = {
        snapshot: old.rows(PAST.format(snapshot=snapshot, key=key))
        for snapshot, key in (("snap_entreprises", "entreprise_id"), ("snap_lots", "lot_id"))
    }
    assert all(past.values())
    old.run(checks=True)
    assert old.differences() == []
    assert old.rows(FORMER_VIEWS) == []
    for snapshot, key in (("snap_entreprises", "entreprise_id"), ("snap_lots", "lot_id")):
        kept = old.rows(PAST.format(snapshot=snapshot, key=key))
        assert set(past[snapshot]) <= set(kept), "the past that only the snapshots have is lost"
    assert written(old.run(full_refresh=True)) == {}
    old.advance(1)
    assert written(old.run(checks=True))
    assert old.differences() == []
