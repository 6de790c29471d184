"""After any history of the source, the warehouse equals SQL on the source and a full refresh.

HISTORIES=500 ./run_tests.sh -k histories runs more of them than the few of every run.
"""

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings

from sigeti_dwh.database import connect
from sigeti_dwh.embedded import EmbeddedServer

from .conftest import at, fresh_database
from .histories import CHANGES, HISTORIES
from .warehouse import Warehouse, copy_project, written

NUMBER = int(os.environ.get("HISTORIES", "2"))


@pytest.fixture(scope="module")
def template(
    server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    """Make a demo source and a warehouse built from it, to copy for each history."""
    project = copy_project(tmp_path_factory.mktemp("project"))
    with (
        fresh_database(server, "source", "first_source") as source,
        fresh_database(server, "warehouse", "first_warehouse") as target,
    ):
        warehouse = Warehouse(source, target, project)
        warehouse.fill()
        warehouse.run()
        yield warehouse


def copy_of(server: EmbeddedServer, template: Warehouse) -> Warehouse:
    """Return fresh copies of the template's databases."""
    with connect(at(server, "source", "postgres"), autocommit=True) as connection:
        for name in ("source", "warehouse"):
            connection.execute(f"drop database if exists history_{name} with (force)")  # type: ignore[arg-type]
            connection.execute(f"create database history_{name} template first_{name}")  # type: ignore[arg-type]
    return Warehouse(
        at(server, "source", "history_source"),
        at(server, "warehouse", "history_warehouse"),
        template.folder,
    )


def apply(connection: psycopg.Connection[Any], change: tuple[str, tuple[Any, ...]]) -> None:
    """Make a change, unless the source's own rules refuse it."""
    name, arguments = change
    try:
        with connection.transaction():
            connection.execute(CHANGES[name][0], arguments or None)  # type: ignore[arg-type]
    except (psycopg.errors.IntegrityError, psycopg.errors.LockNotAvailable):
        pass


def test_histories(server: EmbeddedServer, template: Warehouse) -> None:
    @settings(
        max_examples=NUMBER,
        deadline=None,
        database=None,
        derandomize=NUMBER <= 2,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        print_blob=True,
    )
    # A progress that is not known (a restored copy) once left deleted rows behind.
    @example(history=[([("a request gains a parcel", (0, 0))], [])])
    @given(history=HISTORIES)
    def run(history: list[Any]) -> None:
        warehouse = copy_of(server, template)
        for committed, late in history:
            with connect(warehouse.settings.source) as slow:
                slow.execute("set lock_timeout = '100ms'")
                for change in late:
                    apply(slow, change)
                with connect(warehouse.settings.source) as other:
                    other.execute("set lock_timeout = '100ms'")
                    for change in committed:
                        apply(other, change)
                warehouse.run()
                assert warehouse.differences() == []
        warehouse.run()
        assert warehouse.differences() == []
        assert written(warehouse.run(full_refresh=True)) == {}

    run()
