"""After any history of the source, the warehouse equals SQL on the source and a full refresh.

HISTORIES=500 ./run_tests.sh -k histories runs more of them than the few of every run, others each
time; HISTORIES_SEED=n chooses which.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, example, given, seed, settings

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.errors import UserError
from sigeti_dwh.night.results import NodeResult, NodeStart
from sigeti_dwh.night.run_log import RunLog
from sigeti_dwh.warehouse.database import connect

from .conftest import at, fresh_database
from .histories import CHANGES, HISTORIES, Change, Step
from .version_replay import Replay
from .warehouse import Warehouse, copy_project, written

NUMBER = int(os.environ.get("HISTORIES", "2"))
SNAPSHOTS = ("snap_entreprises", "snap_lots")
HALF_OF_IT = "select * from (\n{}\n) as edite where hashtext(cast(edite as text)) % 2 = 0\n"


class Nights:
    """A copy of the template's databases, and the replay of the states that its nights saw."""

    def __init__(self, warehouse: Warehouse, replays: dict[str, Replay]) -> None:
        self.warehouse = warehouse
        self.replays = replays

    def night(self, *, full_refresh: bool = False) -> dict[str, int]:
        """Run a night to its end; return the rows it wrote."""
        since = datetime.now(UTC)
        results = self.warehouse.run(full_refresh=full_refresh)
        self._observed(SNAPSHOTS, since)
        return written(results)

    def killed(self, events: int) -> None:
        """Run a night whose connections the server ends after some events of its nodes."""
        since = datetime.now(UTC)
        seen = Killer(self.warehouse, events)
        self.warehouse.load()
        with suppress(UserError):
            self.warehouse.build(on_event=seen)
        self._observed(seen.made(), since)

    def taken_up(self, events: int, meanwhile: Callable[[], None]) -> None:
        """Let a night be killed, the source change or not, and another take up after it."""
        since = datetime.now(UTC)
        seen = Killer(self.warehouse, events)
        with suppress(UserError), RunLog(self.warehouse.settings) as log:
            self.warehouse.take_up(log, seen)
        self._observed(seen.made(), since)
        meanwhile()
        since = datetime.now(UTC)
        with RunLog(self.warehouse.settings) as log:
            results = self.warehouse.take_up(log)
        made = [node.name for layer in results for node in layer.nodes]
        self._observed([name for name in SNAPSHOTS if name in made], since)

    def selection(self, names: Sequence[str]) -> None:
        """Run a night of some models alone."""
        since = datetime.now(UTC)
        self.warehouse.load()
        self.warehouse.build(select=" ".join(names))
        self._observed([name for name in SNAPSHOTS if name in names], since)

    def by_hand(self, command: str, names: Sequence[str]) -> None:
        """Run or build some models by plain dbt, without a load."""
        since = datetime.now(UTC)
        snapshots = [name for name in SNAPSHOTS if name in names]
        if command == "build":
            self.warehouse.by_hand(
                "build", "--exclude-resource-type", "unit_test", "--select", *names
            )
        else:
            if snapshots:
                self.warehouse.by_hand("snapshot", "--select", *snapshots)
            if models := [name for name in names if name not in SNAPSHOTS]:
                self.warehouse.by_hand("run", "--select", *models)
        self._observed(snapshots, since)

    def dropped(self, names: Sequence[str]) -> None:
        """Let an administrator drop the tables of some models, published ones included."""
        with connect(self.warehouse.settings.warehouse) as connection:
            found = connection.execute(
                "select format('%%I.%%I', schemaname, tablename) from pg_tables "
                "where tablename = any(%s) and schemaname <> 'dwh_snapshots'",
                [list(names)],
            ).fetchall()
            for (name,) in found:
                connection.execute(f"drop table {name} cascade")  # type: ignore[arg-type]

    def edited(self, names: Sequence[str]) -> None:
        """Run a night on models whose SQL says something else, then take that back."""
        models = self.warehouse.folder / "models"
        paths = [path for name in names for path in models.rglob(f"{name}.sql")]
        texts = {path: path.read_text(encoding="utf-8") for path in paths}
        try:
            for path, text in texts.items():
                path.write_text(HALF_OF_IT.format(text), encoding="utf-8")
            self.night()
        finally:
            for path, text in texts.items():
                path.write_text(text, encoding="utf-8")

    def differences(self) -> list[str]:
        """Return how the warehouse differs from SQL on the source, and from the replay."""
        with connect(self.warehouse.settings.warehouse) as connection:
            return self.warehouse.differences() + [
                line for replay in self.replays.values() for line in replay.differences(connection)
            ]

    def _observed(self, snapshots: Iterable[str], since: datetime) -> None:
        with connect(self.warehouse.settings.warehouse) as connection:
            for name in snapshots:
                self.replays[name].observe(connection, since, datetime.now(UTC))


@pytest.fixture(scope="module")
def first_nights(
    server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Nights]:
    """Make a demo source and a warehouse built from it, to copy for each history."""
    project = copy_project(tmp_path_factory.mktemp("project"))
    with (
        fresh_database(server, "source", "first_source") as source,
        fresh_database(server, "warehouse", "first_warehouse") as target,
    ):
        warehouse = Warehouse(source, target, project)
        warehouse.fill()
        nights = Nights(warehouse, {name: Replay.of(project, name) for name in SNAPSHOTS})
        nights.night()
        yield nights


class Killer:
    """Watches the nodes of a night, and ends its connections after some of their events."""

    def __init__(self, warehouse: Warehouse, events: int) -> None:
        self.warehouse = warehouse
        self.events = events
        self.seen: list[NodeStart | NodeResult] = []

    def __call__(self, event: NodeStart | NodeResult) -> None:
        """Count the event."""
        self.seen.append(event)
        if len(self.seen) == self.events + 1:
            terminate(self.warehouse)

    def made(self) -> list[str]:
        """Return the snapshots that were built before."""
        done = {one.name for one in self.seen if isinstance(one, NodeResult) and one.ok}
        return [name for name in SNAPSHOTS if name in done]


def copy_of(server: EmbeddedServer, first_nights: Nights) -> Nights:
    """Return fresh copies of the template's databases."""
    with connect(at(server, "source", "postgres"), autocommit=True) as connection:
        for name in ("source", "warehouse"):
            connection.execute(f"drop database if exists history_{name} with (force)")  # type: ignore[arg-type]
            connection.execute(f"create database history_{name} template first_{name}")  # type: ignore[arg-type]
    copy = Warehouse(
        at(server, "source", "history_source"),
        at(server, "warehouse", "history_warehouse"),
        first_nights.warehouse.folder,
    )
    return Nights(copy, deepcopy(first_nights.replays))


def terminate(warehouse: Warehouse) -> None:
    """End every connection to a warehouse, as a restart of its server does."""
    with connect(warehouse.settings.warehouse) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )


def apply(connection: psycopg.Connection[Any], change: Change) -> None:
    """Make a change, unless the source's own rules refuse it."""
    name, arguments = change
    try:
        with connection.transaction():
            connection.execute(CHANGES[name][0], arguments or None)  # type: ignore[arg-type]
    except (psycopg.errors.IntegrityError, psycopg.errors.LockNotAvailable):
        pass


def live(nights: Nights, step: Step) -> None:
    """Let a step's changes and its ending happen, and compare after a night that ended well."""
    source = nights.warehouse.settings.source
    with connect(source) as slow:
        slow.execute("set lock_timeout = '100ms'")
        for change in step.open_meanwhile:
            apply(slow, change)

        def commit() -> None:
            with connect(source) as other:
                other.execute("set lock_timeout = '100ms'")
                for change in step.committed:
                    apply(other, change)

        commit()
        if step.ending == "load alone":
            nights.warehouse.load()
        elif step.ending == "killed":
            nights.killed(step.killed_at)
        elif step.ending == "selection":
            nights.selection(step.selection)
        elif step.ending in ("dbt run", "dbt build"):
            nights.by_hand(step.ending.removeprefix("dbt "), step.selection)
        elif step.ending == "taken up":
            nights.taken_up(step.killed_at, commit if step.killed_at % 2 else lambda: None)
            assert nights.differences() == []
        elif step.ending == "dropped":
            nights.dropped(step.selection)
        elif step.ending == "edited":
            nights.edited(step.selection)
        else:
            nights.night(full_refresh=step.ending == "full refresh")
            assert nights.differences() == []


def alone(name: str, *committed: Change) -> Step:
    """Return the step after which one model alone is built."""
    return Step(list(committed), [], "selection", 0, (name,))


def test_histories(server: EmbeddedServer, first_nights: Nights) -> None:
    @seed(int(os.environ.get("HISTORIES_SEED", "1")))
    @settings(
        max_examples=NUMBER,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        print_blob=True,
    )
    # A progress that is not known (a restored copy) once left deleted rows behind.
    @example(history=[Step([("a request gains a parcel", (0, 0))], [], "night", 0)])
    # Each model followed the source, and ran past parents that had not been built yet.
    @example(history=[alone("dim_lots", ("a parcel changes", (1_000, 2, "ha", 3, 4)))])
    @example(
        history=[
            alone(
                "fait_collectes",
                ("an invoice changes campaign", (3, 5)),
                ("a payment comes", (1, 250_000, "now", "now", "now")),
                ("an invoice is deleted or restored", (7,)),
                ("a campaign gains a zone", (1, 2)),
                ("a campaign loses its zones", (4,)),
            )
        ]
    )
    @example(history=[Step([], [], "dropped", 0, ("fait_factures", "mart_occupation_zones"))])
    @example(history=[Step([], [], "edited", 0, ("dim_entreprises", "int_factures_par_mois"))])
    # A mart found its rows by a member of the dimension, and those that had gone with it no more.
    @example(history=[Step([], [], "edited", 0, ("dim_zones_industrielles",))])
    @given(history=HISTORIES)
    def run(history: list[Step]) -> None:
        nights = copy_of(server, first_nights)
        for step in history:
            live(nights, step)
        nights.night()
        assert nights.differences() == []
        assert nights.night(full_refresh=True) == {}

    run()
