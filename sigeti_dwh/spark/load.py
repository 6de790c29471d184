"""The load on Spark: from the source's tables to their copies in raw_sigeti, in SQL.

The source is checked, held and counted by a session of ours, as for PostgreSQL. That session
exports its snapshot, in which Spark's executors then read the rows by JDBC (raw_table.py). Each
copy is written by one MERGE: a load that is killed leaves some copies new and some as they were,
and the next one brings all of them to the source's state.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh.errors import UserError
from sigeti_dwh.load import records
from sigeti_dwh.load.public_holidays import known_holidays
from sigeti_dwh.load.records import LoadResult, TableLoad
from sigeti_dwh.load.source_check import hold_tables
from sigeti_dwh.load.source_tables import SourceTable
from sigeti_dwh.load.unreadable_values import unreadable_value
from sigeti_dwh.settings import Settings
from sigeti_dwh.spark.connection import Connection, connect, over_time, said
from sigeti_dwh.spark.raw_table import Extent, RawTable, text
from sigeti_dwh.spark.server import SparkServer
from sigeti_dwh.warehouse import meta
from sigeti_dwh.warehouse.database import connect as connect_postgres
from sigeti_dwh.warehouse.database import translated
from sigeti_dwh.warehouse.time_limit import limited

LOADS = "dwh_meta.chargements"
HOLIDAYS = "dwh_reference.jours_feries"
# A value that the declared type cannot hold; Spark's decimals know no NaN either.
UNHOLDABLE = r"out of range|PSQLException: ERROR: (value|invalid|unsupported)|Bad value for type"


@dataclass(frozen=True)
class Stamp:
    """What a load writes beside the rows that it changes."""

    run: int
    change: int
    moment: datetime

    @property
    def microseconds(self) -> int:
        """Return the moment as Spark counts it."""
        return round((self.moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)


def load(
    settings: Settings, report: Callable[[str], None] = print, *, accept_loss: bool = False
) -> LoadResult:
    """Bring the copies in raw_sigeti to the present state of the source.

    As the load of PostgreSQL does: a source that is not as declared, or that lost more than
    `settings.loss_share` of a table's rows, ends it before anything is written, unless
    `accept_loss` for the latter.

    Raises UserError, TimeLimitError for what takes too long, RetryableError for a lost connection.
    """
    assert settings.spark is not None
    deadline = time.monotonic() + 60 * settings.layer_minutes
    with (
        connect_postgres(
            settings.source, application_name="sigeti_dwh load", snapshot=True, pinned=False
        ) as source,
        connect_postgres(settings.warehouse, unlimited=True) as kept,
        limited("The load", settings.layer_minutes, source, kept),
    ):
        with translated(settings.source):
            tables, shape = hold_tables(source, settings)
            [(snapshot,)] = source.execute("select pg_export_snapshot()")
            extents = {table.name: measure_table(source, settings, table) for table in tables}
            rows = {name: living for name, (_, living) in extents.items()}
        for line in shape.remarks:
            report(line)
        with translated(settings.warehouse):
            meta.prepare(kept)
            meta.claim(kept, settings.schema)
            rows, notices, lost = records.compared(
                kept, settings, tables, rows, report, accept_loss=accept_loss
            )
            stamp = Stamp(
                records.open_run(kept), meta.next_change(kept, "raw_sigeti"), datetime.now(UTC)
            )
        make_schemas(settings.spark, ("raw_sigeti", "dwh_meta", "dwh_reference"))

        def bring(table: SourceTable) -> TableLoad:
            extent, _ = extents[table.name]
            keep = table.missing is not None and not accept_loss
            return _bring(settings, table, snapshot, extent, stamp, deadline, keep=keep)

        done = []
        with ThreadPoolExecutor(settings.threads) as pool:
            for one in pool.map(bring, tables):
                report(
                    f"{one.name}: {one.changed} changed rows of {one.read} read "
                    f"in {one.seconds:.1f} s"
                )
                done.append(one)
        with connect(settings.spark) as connection:
            _write_holidays(connection)
            _write_load(connection, stamp, done)
        with translated(settings.warehouse):
            records.close_run(kept, stamp.run, None, done)
            records.remember_rows(kept, stamp.run, rows, accepted=bool(lost))
            kept.commit()
    return LoadResult(stamp.run, done, notices)


def make_schemas(server: SparkServer, names: Sequence[str]) -> None:
    """Make the schemas that are missing in the catalog."""
    with connect(server) as connection:
        there = {name for (name,) in connection.execute("show namespaces")}
        for name in names:
            if name not in there:
                connection.execute(f"create namespace if not exists {name}")


def measure_table(
    source: psycopg.Connection[Any], settings: Settings, table: SourceTable
) -> tuple[Extent, int]:
    """Return how far a table goes, and how many of its rows the source has not marked as deleted.

    Raises UserError for a row without a key, or with a number that Spark's decimals cannot hold.
    """
    key = sql.Identifier(table.key[0])
    unheld: list[sql.Composable] = [
        sql.SQL("{} = 'NaN'").format(table.read(name))
        for name, kind in table.columns.items()
        if kind.startswith("numeric")
    ]
    row = source.execute(
        sql.SQL(
            "select count(*), coalesce(min({key}), 0), coalesce(max({key}), 0), "
            "count(*) filter (where {alive}), count(*) filter (where {key} is null), "
            "count(*) filter (where {unheld}) from {table} t"
        ).format(
            key=sql.SQL("t.{}").format(key),
            alive=sql.SQL(table.alive or "true"),
            unheld=sql.SQL(" or ").join(unheld or [sql.SQL("false")]),
            table=table.at_source,
        )
    ).fetchone()
    assert row is not None
    rows, first, last, living, without_key, not_held = row
    table.refuse_rows_without_key(without_key)
    if not_held:
        why = "it is no number, or larger than declared"
        raise unreadable_value(settings.source, table, why, finite=True)
    return Extent(rows, first, last), living


def _bring(
    settings: Settings,
    table: SourceTable,
    snapshot: str,
    extent: Extent,
    stamp: Stamp,
    deadline: float,
    *,
    keep: bool,
) -> TableLoad:
    """Bring one copy to the source's snapshot, or only make it where it is to be kept as it is."""
    assert settings.spark is not None
    began = time.monotonic()
    raw = RawTable(table)
    with connect(settings.spark) as connection:
        _prepare(connection, raw)
        changed = 0
        if not keep:
            connection.execute(raw.view(settings.source, snapshot, extent))
            try:
                connection.execute(
                    raw.merge(stamp.run, stamp.change, stamp.microseconds),
                    seconds=deadline - time.monotonic(),
                )
            except TimeoutError:
                raise over_time(f"The load of {table.name}", settings) from None
            except Exception as error:
                if re.search(UNHOLDABLE, said(error)):
                    first = said(error).splitlines()[0]
                    raise unreadable_value(settings.source, table, first) from error
                raise
            [(changed,)] = connection.execute(
                f"select count(*) from {raw.name} where _chargement = {stamp.run}L"
            )
    return TableLoad(table.name, extent.rows, changed, time.monotonic() - began)


def _prepare(connection: Connection, raw: RawTable) -> None:
    """Make the copy, or add what columns it lacks; raise UserError for one of another type."""
    connection.execute(raw.create())
    described = connection.execute(f"describe table {raw.name}")
    found: Mapping[str, str] = {
        name: kind for name, kind, *_ in described if name and not name.startswith("#")
    }
    if (column := raw.other_type(found)) is not None:
        raise UserError(
            f"{raw.name}.{column} has type {found[column]}, declared is {raw.columns[column]}.\n"
            f"Nothing was changed in it. After drop table {raw.name} the next load makes it again."
        )
    if lacking := raw.lacking(found):
        added = ", ".join(f"`{name}` {kind}" for name, kind in lacking.items())
        connection.execute(f"alter table {raw.name} add columns ({added})")


def _write_holidays(connection: Connection) -> None:
    """Make the public holidays those that the library knows."""
    known = known_holidays(datetime.now(UTC).year + 5)
    connection.execute(
        f"create table if not exists {HOLIDAYS} (date_jour date, nom_jour_ferie string) "
        "using iceberg"
    )
    stored = connection.execute(f"select cast(date_jour as string), nom_jour_ferie from {HOLIDAYS}")
    if dict(stored) == {day.isoformat(): name for day, name in known.items()}:
        return
    values = ", ".join(f"(date'{day}', {text(name)})" for day, name in sorted(known.items()))
    connection.execute(f"insert overwrite {HOLIDAYS} values {values}")


def _write_load(connection: Connection, stamp: Stamp, done: Sequence[TableLoad]) -> None:
    """Record the load where staging reads it, as dwh_meta of PostgreSQL does."""
    connection.execute(
        f"create table if not exists {LOADS} (chargement bigint, debut timestamp, fin timestamp, "
        "lignes_lues bigint, lignes_changees bigint) using iceberg"
    )
    read, changed = sum(one.read for one in done), sum(one.changed for one in done)
    connection.execute(
        f"insert into {LOADS} values ({stamp.run}, timestamp_micros({stamp.microseconds}), "
        f"current_timestamp(), {read}, {changed})"
    )
