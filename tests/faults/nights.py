"""What every night that had a fault must leave, and what may happen beside it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest

from ..python.warehouse import written
from .faults import SESSIONS
from .installation import Installation, Night
from .reader import Reader, strange

by_command = pytest.mark.skipif("FAULTS" not in os.environ, reason="FAULTS=1 injects it")
"""A fault that is not injected each time all tests run: a night costs seconds."""

# Before it only imports and a parse, which cost half of a small night.
START = "project:"

# A table for each layer that it writes and none before it touches more than to read, so that who
# holds it against writers stops the night there, in the middle of a transaction.
STOPS = {
    "load": "raw_sigeti.factures",
    # Its views stand; the progress of its tests is what it writes.
    "staging": "dwh_meta.essais",
    "snapshots": "dwh_snapshots.snap_lots",
    "dimensions": "dwh_dimensions.dim_lots",
    "facts": "dwh_facts.fait_factures",
    "marts": "dwh_preparation.mart_portefeuille_clients",
    "publication": "dwh_marts_clients.mart_portefeuille_clients",
}
LAYERS = tuple(STOPS)[1:]
# Not from pg_stat_activity, which stays as it was at its first look in a transaction.
WAITING = (
    "select pid from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))"
)


def check_end(installation: Installation, night: Night) -> int:
    """Check what a night that had a fault says of itself; return its exit code."""
    code = night.wait()
    assert "Traceback" not in night.output + night.messages
    if code == 0:
        assert "Done in" in night.output
        assert "could not be made" not in night.messages
        assert installation.last_state() == "COMPLETED"
    else:
        if installation.last_state() == "COMPLETED":
            # Killed so late that it had only its report to print.
            assert code < 0
            assert last_run(installation)[0] == "réussie"
        assert "Done in" not in night.output
    if code > 0:
        assert code in (1, 143)
        assert 1 <= len(night.messages.splitlines()) <= 3, night.messages
        assert "Unexpected" not in night.messages, night.messages
    return code


def next_night(installation: Installation, reader: Reader) -> None:
    """Let the next night pass, which starts the server when it is down; check what it leaves."""
    with installation.night() as night:
        night.wait_for(START)
        reader.may_lose_connection = False
        assert check_end(installation, night) == 0, night.messages
    check_warehouse(installation)


def check_warehouse(installation: Installation) -> None:
    """Check that the warehouse is what a full refresh and SQL on the source make of it."""
    differences = installation.warehouse.differences()
    assert differences == [], differences
    assert written(installation.warehouse.build(full_refresh=True)) == {}


@contextmanager
def readers(installation: Installation) -> Iterator[Reader]:
    """Let somebody read all the while; check that the marts were always whole."""
    before = installation.marts()
    with Reader(installation.warehouse.settings.warehouse) as reader:
        yield reader
    after = installation.marts()
    assert reader.troubles == []
    assert reader.seen >= {before, after} and before != after
    odd = strange(reader.seen, before, after)
    assert odd == [], odd


@contextmanager
def unchanged_marts(installation: Installation) -> Iterator[Reader]:
    """Let somebody read all the while; check that the marts stayed as they were."""
    before = installation.marts()
    with Reader(installation.warehouse.settings.warehouse) as reader:
        yield reader
    assert reader.troubles == []
    assert reader.seen == {before}


@contextmanager
def locked(
    installation: Installation, table: str, mode: str = "access exclusive"
) -> Iterator[psycopg.Connection]:
    """Keep a table from everybody else, or from who writes it (mode share)."""
    with installation.connect() as connection:
        connection.execute("begin")
        connection.execute(f"lock table {table} in {mode} mode")  # type: ignore[arg-type]
        yield connection
        # Whoever ended this session has ended the lock too.
        with suppress(psycopg.OperationalError):
            connection.execute("commit")


@contextmanager
def stopped(installation: Installation, night: Night, layer: str) -> Iterator[psycopg.Connection]:
    """Hold a night in the middle of a layer."""
    with locked(installation, STOPS[layer], "share") as connection:
        night.wait_until(lambda: connection.execute(WAITING).fetchone() is not None)
        assert not night.is_over, night.output + night.messages
        yield connection


def sessions(installation: Installation) -> int:
    """Return how many sessions of a night there are."""
    with installation.connect() as connection:
        row = connection.execute(f"select count(*) from ({SESSIONS}) as s").fetchone()  # type: ignore[arg-type]
    assert row is not None
    return int(row[0])


def last_run(installation: Installation) -> tuple[str, str | None]:
    """Return state and message of the last run in the warehouse's own record."""
    with installation.connect() as connection:
        row = connection.execute(
            "select etat, message from dwh_meta.executions order by execution desc limit 1"
        ).fetchone()
    assert row is not None
    return row
