"""A source, a warehouse and the dbt project, to run a night and look at what came out."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
from dbt.cli.main import dbtRunner
from dbt_common.behavior_flags import BehaviorFlagRendered

from benchmarks.checkout import copy_project as copy_project
from sigeti_dwh import demo
from sigeti_dwh.load.documents.area_load import CollectionLoad, load_area
from sigeti_dwh.load.night_load import load
from sigeti_dwh.load.records import LoadResult
from sigeti_dwh.night.layers import LAYERS, Layer
from sigeti_dwh.night.profiles import profile_variables, write_profiles
from sigeti_dwh.night.project import Project
from sigeti_dwh.night.results import LayerResult
from sigeti_dwh.night.run_log import RunLog
from sigeti_dwh.night.watch import OnEvent
from sigeti_dwh.settings import Server, Settings
from sigeti_dwh.warehouse.database import connect

from .oracle import RELATIONS, compare, compare_totals

REFERENCE_DATE = date(2026, 6, 30)
NIGHT = Layer("night", "", "")
BUILT = ("model.", "snapshot.")
# Half of a small run's time is what dbt writes of it, and Python looking for garbage in that.
QUIET = {"DBT_LOG_LEVEL_FILE": "none", "DBT_WRITE_JSON": "false"}
gc.set_threshold(50_000)
# Which module asks for a flag dbt finds out by the source lines of the whole stack: under pytest
# that is half of a night in which nothing has changed.
BehaviorFlagRendered._default_source = staticmethod(lambda: "dbt")


@contextmanager
def environment() -> Iterator[None]:
    """Restore the environment afterwards: a project leaves its connection variables there."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def today() -> date:
    """Return the day against which a run measures lateness."""
    return datetime.now(UTC).date()


@dataclass
class Warehouse:
    """A source database and its warehouse; `lines` keeps what the runs told.

    `areas` are the optional ones that are on, and where their documents are.
    """

    source: Server
    warehouse: Server
    folder: Path
    lines: list[str] = field(default_factory=list)
    areas: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """Return the settings of a run, with one database when both are the same."""
        return Settings(
            source=replace(self.source, role="source"),
            warehouse=replace(self.warehouse, role="warehouse"),
            areas=self.areas,
        )

    def fill(self, seed: int = 1, reference_date: date = REFERENCE_DATE) -> None:
        """Fill the source with the demo."""
        with connect(self.settings.source) as connection:
            demo.create(
                connection, seed=seed, reference_date=reference_date, report=self.lines.append
            )

    def advance(self, days: int) -> None:
        """Let days pass at the source."""
        with connect(self.settings.source) as connection:
            demo.advance(connection, days=days, report=self.lines.append)

    def change(self, statement: str, *arguments: Any) -> None:
        """Execute a statement at the source."""
        with connect(self.settings.source) as connection:
            connection.execute(statement, arguments or None)  # type: ignore[arg-type]

    def rows(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query on the warehouse."""
        with connect(self.settings.warehouse) as connection:
            return connection.execute(query, arguments or None).fetchall()  # type: ignore[arg-type]

    def load(self, *, accept_loss: bool = True, by_value: bool = False) -> LoadResult:
        """Run the load; what tests do to the source is meant."""
        return load(
            self.settings,
            report=self.lines.append,
            accept_loss=accept_loss,
            by_value=by_value,
        )

    def build(
        self,
        *,
        full_refresh: bool = False,
        checks: bool = False,
        all_nodes: bool = False,
        select: str | None = None,
        on_event: OnEvent = lambda event: None,
    ) -> list[LayerResult]:
        """Build every layer, or what is selected, with its dbt tests when `checks` is set."""
        with environment():
            project = self._project(full_refresh=full_refresh, all_nodes=all_nodes, select=select)
            if checks:
                return [project.build(layer, on_event) for layer in LAYERS]
            # One command for all layers, without tests: quicker, and the same models.
            project.nodes = {NIGHT: [node for nodes in self._models(project) for node in nodes]}
            return [project.build(NIGHT, on_event)]

    def load_area(self, area: str, *, accept_loss: bool = False) -> list[CollectionLoad]:
        """Load the documents of an area."""
        return load_area(self.settings, area, self.lines.append, accept_loss=accept_loss)

    def build_area(self, area: str, *, full_refresh: bool = False) -> None:
        """Build and test every layer of an area, as the night does after its load."""
        with environment():
            project = self._project(full_refresh=full_refresh)
            for layer in LAYERS:
                project.build(layer, area=area)

    def by_hand(self, *command: str) -> None:
        """Run a command of dbt as an analyst types it; only its data tests may fail."""
        with environment():
            os.environ.update(QUIET, DWH_DB_SCHEMA="dwh")
            write_profiles(self.settings, self.folder)
            folder = str(self.folder)
            outcome = dbtRunner().invoke(
                [*command, "--quiet", "--project-dir", folder, "--profiles-dir", folder]
            )
            assert outcome.exception is None, outcome.exception
            wrong = [one for one in outcome.result.results if one.status in ("error", "fail")]
            assert all(one.node.resource_type == "test" for one in wrong), wrong

    def take_up(self, log: RunLog, on_event: OnEvent = lambda event: None) -> list[LayerResult]:
        """Run a night as the flow does, but without tests, from where those before it failed."""
        loaded = self.load()
        log.loaded(loaded.run_id)
        with environment():
            project = self._project(on_layer=log.layer)
            project.nodes = dict(zip(LAYERS, self._models(project), strict=True))
            nodes = {layer.name: found for layer, found in project.nodes.items()}
            finished = log.finished_before(nodes)
            return [
                project.build(layer, on_event) for layer in LAYERS if layer.name not in finished
            ]

    def _project(self, **options: Any) -> Project:
        os.environ.update(QUIET, DWH_DB_SCHEMA="dwh")
        write_profiles(self.settings, self.folder)
        project = Project(self.settings, folder=self.folder, report=self.lines.append, **options)
        project.parse()
        return project

    def parsed(self, **options: Any) -> Project:
        """Return the project, parsed for this warehouse, before a night builds it."""
        with environment():
            return self._project(**options)

    def _models(self, project: Project) -> list[list[str]]:
        """Return what each layer builds."""
        return [
            [node for node in project.nodes[layer] if node.startswith(BUILT)] for layer in LAYERS
        ]

    def run(
        self, *, full_refresh: bool = False, checks: bool = False, all_nodes: bool = False
    ) -> list[LayerResult]:
        """Run a night: load and every layer."""
        self.load()
        return self.build(full_refresh=full_refresh, checks=checks, all_nodes=all_nodes)

    def differences(self) -> list[str]:
        """Return how facts and marts differ from the independent SQL on the source."""
        with (
            connect(self.settings.source) as source,
            connect(self.settings.warehouse) as warehouse,
        ):
            found = [
                line
                for relation in RELATIONS
                for line in compare(source, warehouse, relation, today())
            ]
            return found + compare_totals(source, warehouse, today())

    def content(self, *, stamps: bool = False) -> dict[str, list[tuple[Any, ...]]]:
        """Return the rows of every dimension, fact and mart, without their change numbers."""
        with connect(self.settings.warehouse) as connection:
            return {name: _rows(connection, name, stamps) for name in _tables(connection)}


def plain_dbt(settings: Settings, folder: Path, *words: str) -> str:
    """Run dbt as an analyst types it; return what it says, nothing when all went well."""
    said: list[str] = []
    with environment():
        os.environ.update(profile_variables(settings))
        write_profiles(settings, folder)
        outcome = dbtRunner(callbacks=[lambda event: said.append(event.info.msg)]).invoke(
            ["--quiet", *words, "--project-dir", str(folder), "--profiles-dir", str(folder)]
        )
    return "" if outcome.success else f"{outcome.exception}\n{said}"


def written(layers: list[LayerResult]) -> dict[str, int]:
    """Return the tables in which a run wrote rows, with their number."""
    return {
        node.name: node.rows_affected
        for layer in layers
        for node in layer.nodes
        if node.resource_type in ("model", "snapshot") and node.rows_affected
    }


def _tables(connection: psycopg.Connection[Any]) -> list[str]:
    rows = connection.execute(
        "select format('%I.%I', schemaname, tablename) from pg_tables "
        "where schemaname ~ '^dwh_(dimensions|facts|marts)' and tablename !~ '^fraicheur' "
        "order by 1"
    )
    return [name for (name,) in rows]


def _rows(connection: psycopg.Connection[Any], name: str, stamps: bool) -> list[tuple[Any, ...]]:
    row = "to_jsonb(t)" if stamps else "to_jsonb(t) - '_insertion' - '_changement'"
    query = f"select ({row})::text from {name} t order by 1"
    return connection.execute(query).fetchall()  # type: ignore[arg-type]
