"""One source, its warehouse on each engine of this machine, and the cluster that is killed."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.checkout import copy_project
from sigeti_dwh import demo as demo_data
from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.night.layers import LAYERS, Layer
from sigeti_dwh.night.profiles import write_profiles
from sigeti_dwh.night.project import Project
from sigeti_dwh.night.results import NodeResult, NodeStart
from sigeti_dwh.settings import EMBEDDED_DATABASES, SPARK_RECORDS, Settings
from sigeti_dwh.spark import demo
from sigeti_dwh.spark.cluster import Cluster
from sigeti_dwh.spark.compare import Comparison, compare
from sigeti_dwh.spark.programs import Programs, install
from sigeti_dwh.spark.server import SparkServer
from sigeti_dwh.warehouse.database import connect

NIGHT = Layer("night", "", "")
OnEvent = Callable[[NodeStart | NodeResult], None]


@dataclass
class Site:
    """What `spark-demo --keep` left running; `lines` keeps what nights tell."""

    server: SparkServer
    folder: Path
    cluster: Cluster = field(default_factory=lambda: Cluster(demo.HOME))
    programs: Programs = field(default_factory=lambda: install(demo.PROGRAMS))
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        warehouse = demo.warehouse_of(EmbeddedServer(demo.HOME / "postgres"))
        source = replace(warehouse, role="source", name=EMBEDDED_DATABASES["source"])
        self.postgres = Settings(source, warehouse)
        self.spark = Settings(source, replace(warehouse, name=SPARK_RECORDS), spark=self.server)
        copy_project(self.folder)

    def advance(self, days: int) -> None:
        """Let days pass at the source."""
        with connect(self.postgres.source) as connection:
            demo_data.advance(connection, days=days, report=self.lines.append)

    def delete_newest(self, table: str) -> int:
        """Delete the row of a source table that has the highest key; return that key."""
        with connect(self.postgres.source) as connection:
            newest = f"(select max(id) from {table})"
            [(key,)] = connection.execute(
                f"delete from {table} where id = {newest} returning id".encode()
            )
        return int(key)

    def load(self, settings: Settings) -> None:
        """Load on one engine; what the tests do to the source is meant."""
        project = Project(settings, folder=self.folder)
        project.engine.load(self.lines.append, accept_loss=True)
        for area in settings.areas:
            project.engine.load_area(area, self.lines.append, accept_loss=True)

    def build(self, settings: Settings, on_event: OnEvent = lambda event: None) -> None:
        """Build every model on one engine, in one command and without tests, and publish."""
        kept = dict(os.environ)
        try:
            os.environ.update(DBT_LOG_LEVEL_FILE="none", DWH_ENV_FILE=os.devnull)
            write_profiles(settings, self.folder)
            project = Project(settings, folder=self.folder, report=self.lines.append)
            project.parse()
            models = [
                node
                for layer in LAYERS
                for nodes in (project.nodes, *project.areas.values())
                for node in nodes[layer]
                if node.startswith(("model.", "snapshot."))
            ]
            project.nodes = {NIGHT: models}
            project.build(NIGHT, on_event)
        finally:
            os.environ.clear()
            os.environ.update(kept)

    def night(self, settings: Settings) -> None:
        """Load and build on one engine."""
        self.load(settings)
        self.build(settings)

    def compared(self) -> list[Comparison]:
        """Compare both engines."""
        return list(compare(self.postgres.warehouse, self.server))

    def differing(self) -> list[str]:
        """Return what differs between the engines."""
        return [str(one) for one in self.compared() if one.differing]

    def kill(self, name: str) -> None:
        """Kill a process of the cluster, by its name."""
        pid = self.cluster.process(name)
        assert pid is not None, f"{name} does not run"
        os.kill(pid, signal.SIGKILL)
