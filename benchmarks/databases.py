"""The benchmark's own server, and a source and a warehouse of each size on it."""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh import demo
from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.settings import STATE, Server, Settings
from sigeti_dwh.warehouse.database import connect

Connection = psycopg.Connection[Any]

NAME = "benchmark"
"""Application name of our own connections, and schema of what we add to both databases."""

SERVER_SETTINGS = {
    # It would run in the middle of one measure or another. Tables are vacuumed between two nights,
    # as it leaves them in a day.
    "autovacuum": "off",
    # JSON lines tell which statement a line is about (statements.py).
    "logging_collector": "on",
    "log_destination": "jsonlog",
    "log_rotation_size": "0",
    "log_rotation_age": "0",
}


@contextmanager
def running_server(state: Path) -> Iterator[EmbeddedServer]:
    """Run a server that keeps everything in a folder; a filled source stays there."""
    server = EmbeddedServer(state / "postgres")
    server.start()
    with own_connection(describe(server, "warehouse", "postgres")) as connection:
        known = connection.execute("show logging_collector").fetchone() == ("on",)
        for name, value in SERVER_SETTINGS.items():
            connection.execute(
                sql.SQL("alter system set {} = {}").format(sql.Identifier(name), value)
            )
    if not known:
        server.stop()
        server.start()
    try:
        yield server
    finally:
        server.stop()


def add_state(parser: ArgumentParser) -> None:
    """Let a command be told where its server is."""
    parser.add_argument(
        "--state",
        type=Path,
        default=STATE / "benchmarks",
        metavar="DIR",
        help="folder of the benchmark's own server (default: .dwh/benchmarks)",
    )


def describe(server: EmbeddedServer, role: str, name: str) -> Server:
    """Return a database of the server as the project describes it."""
    return Server(
        role=role,
        host=server.host,
        port=server.port,
        name=name,
        user=server.user,
        password=server.password,
        sslmode="disable",
        embedded=False,
    )


def own_connection(server: Server, *, autocommit: bool = True) -> Connection:
    """Connect under our own application name."""
    return connect(server, autocommit=autocommit, application_name=NAME)


def open_databases(server: EmbeddedServer, scale: int, *, reuse: bool) -> tuple[Settings, bool]:
    """Return a source of this size and its warehouse, and whether the warehouse was built before.

    The demo is filled once and copied from then on: the source starts the same each time.
    """
    template, source, warehouse = f"demo_{scale}", f"source_{scale}", f"warehouse_{scale}"
    settings = Settings(
        source=describe(server, "source", source),
        warehouse=describe(server, "warehouse", warehouse),
    )
    with own_connection(describe(server, "source", "postgres")) as connection:
        known = {name for (name,) in connection.execute("select datname from pg_database")}
        if reuse and {source, warehouse} <= known:
            return settings, True
        if template not in known:
            _fill(server, connection, template, scale)
        for name in (source, warehouse):
            _execute(connection, "drop database if exists {} with (force)", name)
        # Copying files costs no WAL, unlike copying blocks.
        copied = "create database {} template {} strategy file_copy"
        _execute(connection, copied, source, template)
        server.create_database(warehouse)
    return settings, False


def settle(settings: Settings) -> None:
    """Leave statistics, dead rows and dirty pages as a day of autovacuum leaves them."""
    for side in (settings.source, settings.warehouse):
        with own_connection(side) as connection:
            connection.execute("vacuum (analyze)")
            connection.execute("checkpoint")


def _fill(server: EmbeddedServer, connection: Connection, template: str, scale: int) -> None:
    draft = f"{template}_draft"
    _execute(connection, "drop database if exists {} with (force)", draft)
    server.create_database(draft)
    with own_connection(describe(server, "source", draft), autocommit=False) as source:
        demo.create(source, scale=scale)
    with own_connection(describe(server, "source", draft)) as source:
        source.execute("vacuum (analyze, freeze)")
    _execute(connection, "alter database {} rename to {}", draft, template)


def _execute(connection: Connection, statement: str, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
