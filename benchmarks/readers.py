"""The command: python -m benchmarks.readers. How long the dashboards take many readers at once.

Each reader is a login of bi_reader that sees every zone, row policies and all. It opens a dashboard
chosen at random, asks for all its panels one after another over the whole time, looks at them for a
while, and opens the next. The warehouse is one that python -m benchmarks has built before.
"""

import argparse
import json
import random
import re
import secrets
import statistics
import sys
import time
from collections import defaultdict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import psycopg
from tabulate import tabulate

from benchmarks import night
from benchmarks.changes import Change
from benchmarks.checkout import copy_project
from benchmarks.databases import add_state, open_databases, own_connection, running_server
from sigeti_dwh.console import utf8_console
from sigeti_dwh.dashboards import grafana
from sigeti_dwh.dashboards.specification import read_specification
from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import Server, Settings
from sigeti_dwh.warehouse.database import connect
from sigeti_dwh.warehouse.roles import create_login, create_roles

LOGIN = "benchmark_reader"
GOAL_MS = 50
NIGHT_CHANGES = Change(1_000, "recent")

Dashboard = dict[str, str]
"""The queries of a dashboard, by their panels."""
Times = dict[str, list[float]]
"""Milliseconds, by panel."""


def main() -> int:
    """Measure the panels for one reader, for many, and for many during a night."""
    options = _parser().parse_args()
    try:
        with utf8_console(), running_server(options.state) as server:
            settings, built = open_databases(server, options.scale, reuse=True)
            if not built:
                raise UserError(
                    f"There is no warehouse of {options.scale} thousand invoices yet.\n"
                    f"python -m benchmarks --scale {options.scale} --case unchanged makes one."
                )
            create_roles(settings, report=_silent)
            secret = secrets.token_urlsafe()
            create_login(settings, LOGIN, "bi_reader", secret, None, report=_silent)
            reader = replace(settings.warehouse, user=LOGIN, password=secret)
            dashboards = _dashboards(reader)
            measured = {"alone": read(reader, dashboards, 1, options.pause, options.seconds)}
            many = f"{options.readers} readers"
            measured[many] = read(
                reader, dashboards, options.readers, options.pause, options.seconds
            )
            measured[f"{many}, a night"] = _during_a_night(
                settings, options.state, reader, dashboards, options
            )
    except UserError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    _show(measured)
    if options.output:
        document = {"scale": options.scale, "pause": options.pause, "milliseconds": measured}
        options.output.write_text(json.dumps(document), encoding="utf-8")
    return 0


def read(
    reader: Server,
    dashboards: list[Dashboard],
    readers: int,
    pause: float,
    seconds: float | None = None,
    until: Event | None = None,
) -> Times:
    """Let so many readers open dashboards for some seconds, or until told; return their times."""
    ended = until or Event()
    times: Times = defaultdict(list)

    def look(seed: int) -> None:
        chance = random.Random(seed)
        with connect(reader, autocommit=True) as connection:
            ended.wait(chance.uniform(0, pause))
            while not ended.is_set():
                for panel, query in chance.choice(dashboards).items():
                    began = time.perf_counter()
                    connection.execute(query.encode()).fetchall()
                    times[panel].append((time.perf_counter() - began) * 1000)
                ended.wait(chance.uniform(0, 2 * pause))

    with ThreadPoolExecutor(readers) as pool:
        looks: list[Future[None]] = [pool.submit(look, seed) for seed in range(readers)]
        if seconds is not None:
            ended.wait(seconds)
            ended.set()
        for one in looks:
            one.result()
    return dict(times)


def _during_a_night(
    settings: Settings,
    state: Path,
    reader: Server,
    dashboards: list[Dashboard],
    options: argparse.Namespace,
) -> Times:
    with own_connection(settings.source) as source:
        NIGHT_CHANGES.make(source)
    over = Event()
    with ThreadPoolExecutor(1) as pool:
        looks = pool.submit(read, reader, dashboards, options.readers, options.pause, until=over)
        try:
            night.run(settings, copy_project(state / "project"))
        finally:
            over.set()
        return looks.result()


def _dashboards(reader: Server) -> list[Dashboard]:
    """Return the dashboards' queries as Grafana would send them, with no filter set."""
    specification = read_specification()
    models = grafana.dashboards(specification)
    with connect(reader) as connection:
        return [
            {
                f"{dashboard.name}.{panel.name}": _expanded(
                    drawn["targets"][0]["rawSql"], models[dashboard.name], connection
                )
                for panel, drawn in zip(
                    dashboard.panels, models[dashboard.name]["panels"], strict=True
                )
            }
            for dashboard in specification.dashboards
        ]


def _expanded(query: str, model: dict[str, Any], connection: psycopg.Connection[Any]) -> str:
    query = re.sub(r"\$__timeFilter\((\w+)\)", r"\1 between '1900-01-01' and '2200-01-01'", query)
    for variable in model["templating"]["list"]:
        values = connection.execute(variable["query"].encode()).fetchall()
        literals = ", ".join(psycopg.sql.Literal(value).as_string(None) for (value,) in values)
        query = query.replace(f"${{{variable['name']}:sqlstring}}", literals)
    return query


def _show(measured: dict[str, Times]) -> None:
    lines = []
    for panel in next(iter(measured.values())):
        line: list[object] = [panel]
        for times in measured.values():
            known = times.get(panel, [])
            line += [len(known), *(f"{quantile(known, share):.1f}" for share in (0.5, 0.95))]
        lines.append(line)
    headers = ["panel"]
    for case in measured:
        headers += [case, "median ms", "p95 ms"]
    print(tabulate(lines, headers=headers, disable_numparse=True))
    for case, times in measured.items():
        met = sum(quantile(known, 0.95) <= GOAL_MS for known in times.values())
        print(f"{case}: {met} of {len(times)} panels have a p95 of {GOAL_MS} ms or less")


def quantile(values: list[float], share: float) -> float:
    """Return the value that this share of the values does not exceed; not a number of none."""
    if len(values) < 2:
        return values[0] if values else float("nan")
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


def _silent(line: str) -> None:
    pass


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.readers", description=__doc__)
    add = parser.add_argument
    add("--scale", type=int, default=1000, metavar="N", help="thousands of invoices (1000)")
    add("--readers", type=int, default=20, metavar="N", help="readers at once (20)")
    add("--seconds", type=float, default=60, metavar="S", help="of each measure (60)")
    add(
        "--pause",
        type=float,
        default=5,
        metavar="S",
        help="mean time a reader looks at a dashboard; 0: none do (5)",
    )
    add("--output", type=Path, metavar="FILE", help="write every time there as JSON")
    add_state(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
