"""Backup of the warehouse: a file counts as one when it has been restored and compared."""

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import STATE, Server, Settings
from sigeti_dwh.warehouse import meta
from sigeti_dwh.warehouse.backup_scope import find_scope
from sigeti_dwh.warehouse.client_tools import find_tool, run_tool
from sigeti_dwh.warehouse.database import connect, translated

FOLDER = STATE / "backups"
KEEP = 7
ONLY_HERE = (
    "Only a backup has: the past versions of enterprises and parcels (dwh_snapshots), the records\n"
    "of past runs and the rights to zones (dwh_meta), rows that tests found (dwh_qualite). All\n"
    "else, a run on the source makes again."
)
# Ordinary tables, partitions included.
TABLES = """
select n.nspname::text, c.relname::text
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname !~ '^(pg_|information_schema$)'
order by 1, 2
"""
SCRATCH_ATTEMPTS = 20
AT_WORK = "sigeti_dwh backup"
OTHER_AT_WORK = """
select exists (
    select from pg_stat_activity
    where application_name = %(name)s and usename = current_user and pid <> pg_backend_pid()
)
"""

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Backup:
    """A checked backup: its file, and how many rows of how many tables are in it."""

    path: Path
    tables: int
    rows: int
    left_out: list[str]
    """What is in the database and not the warehouse's."""
    emptied: list[str]
    """Materialized views, of which it holds no rows."""

    def __str__(self) -> str:
        """Tell where it is, what it holds and what not."""
        size = self.path.stat().st_size / 1_000_000
        lines = [
            f"Backup: {self.path}",
            f"{self.rows} rows of {self.tables} tables in {size:.1f} MB, checked by restoring it.",
        ]
        if self.left_out:
            lines.append(f"Left out, as it is not the warehouse's: {', '.join(self.left_out)}.")
        if self.emptied:
            lines.append(
                f"Without rows, to be refreshed after a restore: {', '.join(self.emptied)}."
            )
        return "\n".join([*lines, ONLY_HERE])


def back_up(
    settings: Settings,
    folder: Path = FOLDER,
    keep: int = KEEP,
    report: Callable[[str], None] = print,
) -> Backup:
    """Write the warehouse to a file of a folder, prove that it can be restored, remove old ones.

    Raises UserError; what was in the folder is then left as it was.
    """
    warehouse = settings.warehouse
    with (
        connect(warehouse, application_name="sigeti_dwh backup", unlimited=True) as connection,
        translated(warehouse),
        exclusive(connection, warehouse.name),
    ):
        meta.require_prefix(connection, settings.schema)
        version = connection.info.server_version // 10_000
        dump, restore = (
            find_tool(name, version, tls=warehouse.demands_tls)
            for name in ("pg_dump", "pg_restore")
        )
        require_right_to_create(connection, warehouse)
        connection.execute("set transaction isolation level repeatable read, read only")
        scope = find_scope(connection, settings)
        counts = count_rows(connection, scope.tables)
        path = _new_file(folder, warehouse.name)
        partial = path.with_suffix(".partial")
        try:
            partial.touch(mode=0o600, exist_ok=False)
            run_tool(
                dump,
                warehouse,
                "--format=custom",
                f"--snapshot={_value(connection, 'select pg_export_snapshot()')}",
                f"--file={partial}",
                *scope.options,
            )
            report(f"Written: {partial}. Restoring it into a scratch database to check it.")
            _check(restore, warehouse, partial, counts, settings.threads, report)
            partial.rename(path)
        finally:
            partial.unlink(missing_ok=True)
    for old in backups(folder, warehouse.name)[:-keep]:
        old.unlink()
        report(f"Removed: {old}, beyond the newest {keep}.")
    return Backup(path, len(counts), sum(counts.values()), scope.left_out, scope.emptied)


def backups(folder: Path, database: str) -> list[Path]:
    """Return the backups of a database in a folder, the oldest first.

    Those of a clock that was ahead come before all others: they were made before now.
    """
    name = re.compile(re.escape(database) + r"_(\d{8}_\d{6})\.dump")
    now = f"{datetime.now(UTC):%Y%m%d_%H%M%S}"
    found = [match for path in folder.iterdir() if (match := name.fullmatch(path.name))]
    return [folder / one[0] for one in sorted(found, key=lambda one: (one[1] <= now, one[1]))]


@contextmanager
def exclusive(connection: Connection, database: str) -> Iterator[None]:
    """Let one backup or restore of this server's database go on at a time.

    What counts is a session of our own user: nobody else can make one, as any login can take an
    advisory lock. Of two that begin together, neither may go on.
    """
    name = {"name": f"{AT_WORK} of {database}".encode()[:63].decode(errors="ignore")}
    connection.execute("select set_config('application_name', %(name)s, false)", name)
    if _value(connection, OTHER_AT_WORK, name):
        raise UserError("Another backup or restore of this database goes on.\nWait for its end.")
    connection.commit()
    try:
        yield
    finally:
        with suppress(psycopg.Error):
            connection.rollback()
            connection.execute("reset application_name")


def require_right_to_create(connection: Connection, server: Server) -> None:
    """Refuse a user who may not create the scratch database, before anything is written."""
    if not _value(
        connection,
        "select rolcreatedb or rolsuper from pg_roles where rolname = current_user",
    ):
        raise UserError(
            f"The user {server.user} may not create the database that a backup is restored into.\n"
            f'Let an administrator say: ALTER ROLE "{server.user}" CREATEDB;'
        )
    connection.commit()


@contextmanager
def scratch_database(
    server: Server, suffix: str, report: Callable[[str], None]
) -> Iterator[Server]:
    """Create an empty database beside the warehouse; at the end it is dropped if still there.

    One of that name in which somebody works whom we may not end is left, and told.
    """
    with administration(server) as connection:
        scratch = _create_scratch(connection, server, suffix)
        try:
            yield scratch
        finally:
            if not _drop(connection, scratch.name):
                report(
                    f"Somebody works in the scratch database {scratch.name}: it is left. "
                    f'Later: DROP DATABASE "{scratch.name}";'
                )


def _create_scratch(connection: Connection, server: Server, suffix: str) -> Server:
    for number in range(1, SCRATCH_ATTEMPTS + 1):
        name = f"{server.name[:45]}_{suffix}{f'_{number}' if number > 1 else ''}"
        if _drop(connection, name):
            create = sql.SQL("create database {} encoding 'UTF8' template template0")
            connection.execute(create.format(sql.Identifier(name)))
            closing = sql.SQL("revoke all on database {} from public")
            connection.execute(closing.format(sql.Identifier(name)))
            return replace(server, name=name)
    raise UserError(
        f"Somebody works in each of {SCRATCH_ATTEMPTS} scratch databases, the last {name}.\n"
        "Let an administrator end these sessions and drop the databases."
    )


def _drop(connection: Connection, name: str) -> bool:
    """Drop a database, if there is one; False when somebody is in it, or it is not ours."""
    drop = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
    try:
        connection.execute(drop)
    except (psycopg.errors.ObjectInUse, psycopg.errors.InsufficientPrivilege):
        return False
    return True


@contextmanager
def administration(server: Server) -> Iterator[Connection]:
    """Connect to the server's own database, from where others are created, renamed, dropped."""
    with (
        connect(replace(server, name="postgres"), autocommit=True, unlimited=True) as connection,
        translated(server),
    ):
        yield connection


def restore_into(program: Path, empty: Server, archive: Path, threads: int) -> None:
    """Fill an empty database from an archive; all of it becomes the property of our user."""
    if " SCHEMA - public " in run_tool(program, empty, "--list", str(archive)):
        with connect(empty) as connection:
            connection.execute("drop schema public")
    run_tool(
        program,
        empty,
        f"--dbname={empty.name}",
        "--no-owner",
        f"--jobs={threads}",
        str(archive),
    )


def count_rows(
    connection: Connection, tables: Collection[tuple[str, str, bool]] | None = None
) -> dict[str, int]:
    """Return the number of rows of each table, of all unless some are given.

    Those come with schema, name, and whether their rows count: none, if not.
    """
    if tables is None:
        tables = [(schema, name, True) for schema, name in connection.execute(TABLES)]
    counts = {}
    for schema, table, full in tables:
        query = sql.SQL("select count(*) from {}").format(sql.Identifier(schema, table))
        counts[f"{schema}.{table}"] = _value(connection, query) if full else 0
    return counts


def _check(
    program: Path,
    server: Server,
    archive: Path,
    expected: dict[str, int],
    threads: int,
    report: Callable[[str], None],
) -> None:
    with scratch_database(server, "backup_check", report) as scratch:
        restore_into(program, scratch, archive, threads)
        with connect(scratch, unlimited=True) as connection:
            found = count_rows(connection)
    for table in sorted(expected.keys() | found.keys()):
        if expected.get(table) != found.get(table):
            raise UserError(
                f"The backup is not the warehouse: {table} has {expected.get(table)} rows, "
                f"{found.get(table)} when restored.\nNo backup was kept."
            )


def _new_file(folder: Path, database: str) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The folder {folder} cannot be made: {error.strerror}.") from None
    for left in folder.glob(f"{database}_*.partial"):
        left.unlink()
    return folder / f"{database}_{datetime.now(UTC):%Y%m%d_%H%M%S}.dump"


def _value(
    connection: Connection, query: str | sql.Composed, words: dict[str, str] | None = None
) -> Any:
    row = connection.execute(query, words).fetchone()
    assert row is not None
    return row[0]
