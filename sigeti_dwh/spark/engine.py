"""Spark as the engine of a night: its tables there, the records of its nights in PostgreSQL."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sigeti_dwh.load.records import LoadResult
from sigeti_dwh.night.engine import Report
from sigeti_dwh.night.kept_rows import SHOWN, name_rows
from sigeti_dwh.night.results import LayerResult, NodeResult
from sigeti_dwh.settings import Settings
from sigeti_dwh.spark.area_load import load_area, undo_area
from sigeti_dwh.spark.connection import connect
from sigeti_dwh.spark.dbt_sessions import end_statements, keep_sessions
from sigeti_dwh.spark.load import load, make_schemas
from sigeti_dwh.spark.server import SparkServer
from sigeti_dwh.warehouse import meta
from sigeti_dwh.warehouse.database import connect as connect_postgres
from sigeti_dwh.warehouse.database import translated


class AllNodes:
    """All nodes are due and all tests look at whole tables: changes are not numbered on Spark."""

    def due(self, planned: Collection[str]) -> set[str]:
        """Return all of them."""
        return set(planned)

    def limit(self, nodes: Mapping[str, Any], tests: Collection[str]) -> None:
        """Limit no test."""

    def record(self, results: Iterable[NodeResult]) -> None:
        """Remember nothing."""


class Spark:
    """The engine for who outgrew one machine; what each method is for: night/engine.py."""

    def __init__(self, settings: Settings, server: SparkServer) -> None:
        self.settings = settings
        self.server = server

    def keep_connections(self) -> None:
        """Keep those of dbt-spark."""
        keep_sessions(self.server)

    def load(
        self, report: Report, *, accept_loss: bool, by_value: bool = False, dry_run: bool = False
    ) -> LoadResult:
        """Let the executors read the source, in one snapshot of it; rows are always compared."""
        if dry_run:
            report("SIGETI: left out, since a load on Spark cannot be tried without writing.")
            return LoadResult(run_id=0, tables=[])
        return load(self.settings, report=report, accept_loss=accept_loss)

    def load_area(
        self, area: str, report: Report, *, accept_loss: bool, dry_run: bool = False
    ) -> None:
        """Copy what changed in the area's documents, and let the executors read the copies."""
        load_area(self.settings, area, report=report, accept_loss=accept_loss, dry_run=dry_run)

    def undo_area(self, area: str) -> list[str]:
        """Drop the area's tables there, and its documents in the records' database."""
        return undo_area(self.settings, area)

    def make_schemas(self, manifest: Any) -> None:
        """Make every schema before dbt asks what is in it."""
        names = {node.schema for node in manifest.nodes.values() if node.resource_type != "test"}
        names |= {source.schema for source in manifest.sources.values()}
        names |= {
            f"{self.settings.schema}_{node.config.meta['publie_dans']}"
            for node in manifest.nodes.values()
            if "publie_dans" in node.config.meta
        }
        names.add(f"{self.settings.schema}_qualite")
        make_schemas(self.server, sorted(names))

    def states(self, manifest: Any) -> AllNodes:
        """Return that all nodes are due."""
        return AllNodes()

    def tests(self, *, whole: bool) -> AllNodes:
        """Return that all tests look at everything."""
        return AllNodes()

    def examples(self, relation: str) -> str:
        """Name up to three rows by their keys."""
        with connect(self.server) as connection:
            columns = connection.columns(relation)
            rows = connection.execute(f"select * from {relation} limit {SHOWN + 1}")
        return name_rows([dict(zip(columns, row, strict=True)) for row in rows])

    def fingerprint(self, relation: str) -> str | None:
        """Return a hash of the rows, without what says nothing of them."""
        with connect(self.server) as connection:
            columns = connection.columns(relation)
            told = [f"`{name}`" for name in columns if name not in ("_insertion", "_changement")]
            rows = f"to_json(struct({', '.join(told)}))"
            [(found,)] = connection.execute(
                f"select md5(array_join(sort_array(collect_list({rows})), ',')) from {relation}"
            )
        return str(found)

    def end_statements(self) -> None:
        """End the statements of dbt."""
        end_statements()

    def advice(self, result: LayerResult) -> str | None:
        """Say where space is to be freed."""
        return (
            "Free space where the cluster keeps its files and run again." if result.full else None
        )

    def remember_publication(self) -> None:
        """Remember of which load the marts are: losses are measured by it."""
        server = self.settings.warehouse
        with connect_postgres(server) as connection, translated(server):
            connection.execute(
                "insert into dwh_meta.avancement as known (relation, changement, empreinte) "
                "values ('spark', %s, 'publication') on conflict (relation) do update "
                "set changement = excluded.changement, fait_le = current_timestamp",
                [meta.last_change(connection)],
            )
