"""Backup of the warehouse: a file counts as one when it has been restored and compared."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh import meta
from sigeti_dwh.client_tools import find_tool, run_tool
from sigeti_dwh.database import connect, translated
from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import STATE, Server, Settings

FOLDER = STATE / "backups"
KEEP = 7
ONLY_HERE = (
    "Only a backup has: the past versions of enterprises and parcels (dwh_snapshots), the records\n"
    "of past runs and the rights to zones (dwh_meta), rows that tests found (dwh_qualite), what\n"
    "others made in this database. All else, a run on the source makes again."
)
# Of ordinary tables, partitions included, and materialized views.
TABLES = """
select n.nspname::text, c.relname::text
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm') and n.nspname !~ '^(pg_|information_schema$)'
order by 1, 2
"""
# A source that shares the warehouse's database is not ours to keep: of its tables, no rows.
SOURCE_SCHEMA = "public"

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Backup:
    """A checked backup: its file, and how many rows of how many tables are in it."""

    path: Path
    tables: int
    rows: int

    def __str__(self) -> str:
        """Tell where it is and what it holds."""
        size = self.path.stat().st_size / 1_000_000
        return (
            f"Backup: {self.path}\n"
            f"{self.rows} rows of {self.tables} tables in {size:.1f} MB, checked by restoring it.\n"
            f"{ONLY_HERE}"
        )


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
        connect(warehouse, application_name="sigeti_dwh backup") as connection,
        translated(warehouse),
        exclusive(connection),
    ):
        meta.require_prefix(connection, settings.schema)
        version = connection.info.server_version // 10_000
        dump, restore = find_tool("pg_dump", version), find_tool("pg_restore", version)
        require_right_to_create(connection, warehouse)
        connection.execute("set transaction isolation level repeatable read, read only")
        ours = SOURCE_SCHEMA if settings.one_database else None
        counts = count_rows(connection, without_rows=ours)
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
                *([f"--exclude-table-data={ours}.*"] if ours else []),
                # Of the embedded server, not of the warehouse: elsewhere only a superuser has it.
                *(
                    ["--exclude-extension=pg_stat_statements"]
                    if warehouse.embedded and version >= 17
                    else []
                ),
            )
            report(f"Written: {partial}. Restoring it into a scratch database to check it.")
            _check(restore, warehouse, partial, counts, settings.threads)
            partial.rename(path)
        finally:
            partial.unlink(missing_ok=True)
    for old in backups(folder, warehouse.name)[:-keep]:
        old.unlink()
        report(f"Removed: {old}, beyond the newest {keep}.")
    return Backup(path, len(counts), sum(counts.values()))


def backups(folder: Path, database: str) -> list[Path]:
    """Return the backups of a database in a folder, the oldest first."""
    name = re.compile(re.escape(database) + r"_\d{8}_\d{6}\.dump")
    return sorted(path for path in folder.iterdir() if name.fullmatch(path.name))


@contextmanager
def exclusive(connection: Connection) -> Iterator[None]:
    """Let one backup or restore of this server's database go on at a time."""
    if not _value(connection, "select pg_try_advisory_lock(hashtext('sigeti_dwh backup'))"):
        raise UserError("Another backup or restore of this database goes on.\nWait for its end.")
    connection.commit()
    yield


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
def scratch_database(server: Server, suffix: str) -> Iterator[Server]:
    """Create an empty database beside the warehouse; at the end it is dropped if still there."""
    scratch = replace(server, name=f"{server.name[:45]}_{suffix}")
    drop = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(scratch.name))
    create = sql.SQL("create database {} encoding 'UTF8' template template0")
    with administration(server) as connection:
        connection.execute(drop)
        connection.execute(create.format(sql.Identifier(scratch.name)))
        try:
            yield scratch
        finally:
            connection.execute(drop)


@contextmanager
def administration(server: Server) -> Iterator[Connection]:
    """Connect to the server's own database, from where others are created, renamed, dropped."""
    with (
        connect(replace(server, name="postgres"), autocommit=True) as connection,
        translated(server),
    ):
        yield connection


def restore_into(program: Path, empty: Server, archive: Path, threads: int) -> None:
    """Fill an empty database from an archive; all of it becomes the property of our user."""
    run_tool(
        program,
        empty,
        f"--dbname={empty.name}",
        "--no-owner",
        f"--jobs={threads}",
        str(archive),
    )


def count_rows(connection: Connection, without_rows: str | None = None) -> dict[str, int]:
    """Return the number of rows of each table, none for those of one schema."""
    counts = {}
    for schema, table in connection.execute(TABLES).fetchall():
        query = sql.SQL("select count(*) from {}").format(sql.Identifier(schema, table))
        counts[f"{schema}.{table}"] = 0 if schema == without_rows else _value(connection, query)
    return counts


def _check(
    program: Path, server: Server, archive: Path, expected: dict[str, int], threads: int
) -> None:
    with scratch_database(server, "backup_check") as scratch:
        restore_into(program, scratch, archive, threads)
        with connect(scratch) as connection:
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


def _value(connection: Connection, query: str | sql.Composed) -> Any:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]
