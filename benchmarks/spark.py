"""The command: python -m benchmarks.spark. What nights cost on Spark, beside PostgreSQL.

Sources of each size go through a full refresh and a night of changes on PostgreSQL, then through
two nights on a cluster of this machine, with one and with two workers of one core; Spark computes
all in both, changes or not. Then both warehouses are compared row for row.
"""

import argparse
import shutil
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

from psycopg import sql
from tabulate import tabulate

from benchmarks import night
from benchmarks.changes import Change
from benchmarks.checkout import copy_project
from benchmarks.databases import (
    add_state,
    describe,
    open_databases,
    own_connection,
    running_server,
    settle,
)
from benchmarks.meter import Meter, server_cpu, total
from sigeti_dwh.console import utf8_console
from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import Settings
from sigeti_dwh.spark.cluster import CATALOG_DATABASE, Cluster, started
from sigeti_dwh.spark.compare import compare
from sigeti_dwh.spark.demo import PROGRAMS
from sigeti_dwh.spark.packages import install_packages
from sigeti_dwh.spark.programs import Programs, install

CHANGE = Change(1_000, "spread")
FULL, CHANGED = "PostgreSQL, full refresh", f"PostgreSQL, {CHANGE}"


@dataclass(frozen=True)
class Used:
    """What a night used: seconds, and CPU seconds by process, each from one step to the next."""

    seconds: float
    client: float
    database: float
    driver: float = 0.0
    executors: float = 0.0

    @property
    def cpu(self) -> float:
        """Return the CPU seconds of all."""
        return self.client + self.database + self.driver + self.executors


def main() -> int:
    """Measure what is asked for, print a table for each size; return the exit code."""
    options = _parser().parse_args()
    equal = True
    try:
        install_packages()
        programs = install(PROGRAMS)
        with utf8_console(), running_server(options.state) as server:
            for scale in sorted(options.scale):
                found: dict[str, Used] = {}
                settings = _on_postgres(server, options.state, scale, found)
                for workers in options.workers:
                    equal &= _on_spark(server, programs, options.state, settings, workers, found)
                print(f"\n{scale} thousand invoices\n\n{table(found)}\n", flush=True)
    except UserError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0 if equal else 1


def table(found: dict[str, Used]) -> str:
    """Return what each night used as a table of Markdown, beside a full refresh of PostgreSQL."""
    full = found[FULL]
    return tabulate(
        [
            [
                name,
                *(f"{figure:.0f}" for figure in (used.seconds, used.cpu)),
                f"{used.seconds / full.seconds:.1f}",
                f"{used.cpu / full.cpu:.1f}",
                *(f"{figure:.0f}" for figure in (used.client, used.database)),
                *(f"{figure:.0f}" for figure in (used.driver, used.executors)),
            ]
            for name, used in found.items()
        ],
        headers=(
            *("night", "seconds", "CPU s", "by seconds", "by CPU"),
            *("client", "database", "driver", "executors"),
        ),
        tablefmt="github",
        disable_numparse=True,
    )


def _on_postgres(
    server: EmbeddedServer, state: Path, scale: int, found: dict[str, Used]
) -> Settings:
    settings, _ = open_databases(server, scale, reuse=False)
    folder = copy_project(state / "project")

    def run(name: str, *, full: bool = False) -> None:
        print(name, flush=True)
        settle(settings)
        cost = total(night.run(settings, folder, full=full).values())
        found[name] = Used(cost.seconds, cost.own_cpu, cost.database)

    run("PostgreSQL, first build")
    with own_connection(settings.source) as source:
        CHANGE.make(source)
    run(CHANGED)
    run(FULL, full=True)
    return settings


def _on_spark(
    server: EmbeddedServer,
    programs: Programs,
    state: Path,
    settings: Settings,
    workers: int,
    found: dict[str, Used],
) -> bool:
    """Run two nights on a fresh cluster; return whether its warehouse equals PostgreSQL's."""
    records = describe(server, "warehouse", "spark_records")
    with own_connection(describe(server, "warehouse", "postgres")) as connection:
        for name in (records.name, CATALOG_DATABASE):
            connection.execute(
                sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
            )
    server.create_database(records.name)
    cluster = Cluster(state / "spark", workers)
    shutil.rmtree(cluster.home / "warehouse", ignore_errors=True)
    folder = copy_project(state / "project")
    with started(programs, server, cluster) as thrift:
        there = replace(settings, warehouse=records, spark=thrift)
        driver = cluster.process("thrift")
        others = [cluster.process(f"worker{number}") for number in range(1, workers + 1)]
        for which in ("first", "second"):
            name = f"Spark, {workers} worker{'s' * (workers > 1)}, {which}"
            print(name, flush=True)
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
                found[name] = process.submit(_run, there, folder, [driver], others).result()
        differing = [str(one) for one in compare(settings.warehouse, thrift) if one.differing]
    print(*(differing or ["equal to PostgreSQL, row for row"]), sep="\n", flush=True)
    return not differing


def _run(
    settings: Settings, folder: Path, drivers: list[int | None], workers: list[int | None]
) -> Used:
    from sigeti_dwh.night.layers import Layer
    from sigeti_dwh.night.profiles import write_profiles
    from sigeti_dwh.night.project import Project

    began = _cpu(drivers), _cpu(workers)
    meter = Meter(settings.warehouse)
    with meter.measure("start"):
        write_profiles(settings, folder)
        project = Project(settings, full_tests=True, folder=folder, report=lambda line: None)
        project.parse()
    with meter.measure("load"):
        project.engine.load(lambda line: None, accept_loss=False)
    nodes = [node for layer in project.nodes.values() for node in layer]
    steps = {
        Layer("models", "", ""): [node for node in nodes if not node.startswith("test.")],
        Layer("tests", "", ""): [node for node in nodes if node.startswith("test.")],
    }
    project.nodes = steps
    for step in steps:
        with meter.measure(step.name):
            project.build(step)
    cost = total(meter.costs.values())
    return Used(
        cost.seconds,
        cost.own_cpu,
        cost.database,
        driver=_cpu(drivers) - began[0],
        executors=_cpu(workers) - began[1],
    )


def _cpu(processes: Iterable[int | None]) -> float:
    """Return the CPU seconds of processes and their children; 0 where there is no /proc."""
    return sum(server_cpu(process) or 0.0 for process in processes if process is not None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.spark",
        description="Measures nights on a Spark cluster of this machine beside PostgreSQL.",
    )
    parser.add_argument(
        "--scale",
        type=int,
        nargs="+",
        default=[100, 1000],
        metavar="N",
        help="thousands of invoices (default: 100 1000)",
    )
    parser.add_argument(
        "--workers",
        type=int,
        nargs="+",
        choices=(1, 2),
        default=(1, 2),
        help="workers of one core (default: a cluster of 1, then one of 2)",
    )
    add_state(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
