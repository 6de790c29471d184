"""The command: python -m benchmarks.documents. What the load of an area's documents costs.

A file of events, as mongoexport writes them, is copied by COPY, loaded for the first time, and
loaded again unchanged.
"""

import argparse
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from psycopg import sql
from tabulate import tabulate

from benchmarks.databases import NAME, add_state, describe, own_connection, running_server
from benchmarks.meter import Cost, Meter
from sigeti_dwh.console import utf8_console
from sigeti_dwh.errors import UserError
from sigeti_dwh.load.documents.area_load import load_area
from sigeti_dwh.settings import Server, Settings

AREA = "saas"
DATABASE = "documents"
FILE = "analytics_events.ndjson"
NEEDED = ("users.ndjson", "subscriptions.ndjson")
"""Collections without which the area is not loaded; empty here."""
COPY, FIRST, UNCHANGED = "COPY of the file", "first load", "unchanged load"
FIRST_MOMENT = datetime(2025, 1, 1, tzinfo=UTC)
CHUNK_BYTES = 1 << 18


def main() -> int:
    """Measure the three, and print what each cost; return the exit code."""
    options = _parser().parse_args()
    try:
        with utf8_console(), running_server(options.state) as server:
            warehouse = describe(server, "warehouse", DATABASE)
            with own_connection(describe(server, "warehouse", "postgres")) as connection:
                connection.execute(
                    sql.SQL("drop database if exists {} with (force)").format(
                        sql.Identifier(DATABASE)
                    )
                )
            server.create_database(DATABASE)
            folder = options.state / "documents"
            write_events(folder, options.documents)
            costs = measure(warehouse, folder)
    except UserError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(f"\n{options.documents} documents, {(folder / FILE).stat().st_size / 1e6:.0f} MB\n")
    print(table(costs))
    return 0


def write_events(folder: Path, number: int) -> None:
    """Write so many events, and the collections that the area needs beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in NEEDED:
        (folder / name).write_text("", encoding="utf-8")
    with (folder / FILE).open("w", encoding="utf-8") as stream:
        for event in range(number):
            moment = FIRST_MOMENT + timedelta(seconds=30 * event)
            document = {
                "_id": {"$oid": f"{event:024x}"},
                "user_id": {"$oid": f"{event % 5000:024x}"},
                "name": ("login", "message_sent", "project_opened")[event % 3],
                "session_id": f"s{event // 20}",
                "timestamp": {"$date": f"{moment:%Y-%m-%dT%H:%M:%S.000Z}"},
                "properties": {"page": f"/projects/{event % 700}", "device": "desktop"},
            }
            stream.write(json.dumps(document) + "\n")


def measure(warehouse: Server, folder: Path) -> dict[str, Cost]:
    """Return what COPY of the file, a first load of it and an unchanged one cost."""
    settings = Settings(source=warehouse, warehouse=warehouse, areas={AREA: str(folder)})
    meter = Meter(warehouse)
    with meter.measure(COPY):
        copy_lines(warehouse, folder / FILE)
    for step in (FIRST, UNCHANGED):
        with own_connection(warehouse) as connection:
            connection.execute("vacuum (analyze)")
            connection.execute("checkpoint")
        with meter.measure(step):
            load_area(settings, AREA, report=lambda line: None)
    return meter.costs


def copy_lines(warehouse: Server, file: Path) -> None:
    """Copy each line of a file into a row of jsonb, nothing read and nothing compared."""
    with own_connection(warehouse, autocommit=False) as connection:
        connection.execute(f"create schema if not exists {NAME}".encode())
        connection.execute(f"create table {NAME}.documents (document jsonb)".encode())
        # No byte of a JSON line is one of these two.
        lines = f"copy {NAME}.documents from stdin (format csv, quote e'\\x01', delimiter e'\\x02')"
        with connection.cursor().copy(lines.encode()) as copy, file.open("rb") as stream:
            while chunk := stream.read(CHUNK_BYTES):
                copy.write(chunk)


def table(costs: dict[str, Cost]) -> str:
    """Return the costs as a table of Markdown."""
    return tabulate(
        [
            [
                step,
                f"{cost.seconds:.1f}",
                f"{cost.own_cpu:.1f}",
                "–" if cost.database_cpu is None else f"{cost.database_cpu:.1f}",
                f"{cost.peak_mb:.0f}",
                f"{cost.wal_mb:.0f}",
            ]
            for step, cost in costs.items()
        ],
        headers=["", "seconds", "client CPU s", "database CPU s", "client MB, so far", "WAL MB"],
        tablefmt="github",
        disable_numparse=True,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.documents",
        description="Measures the load of an area's documents beside COPY of the same file.",
    )
    parser.add_argument(
        "--documents", type=int, default=1_000_000, metavar="N", help="default: 1000000"
    )
    add_state(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
