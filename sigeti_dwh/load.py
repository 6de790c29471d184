"""The load: from the source's tables to their copies in the warehouse.

All tables are read in one snapshot of the source and written in one transaction of the warehouse.
A load that is killed leaves the previous copies as they were. How a table is compared and copied is
in table_copy.py.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh import meta
from sigeti_dwh.copy_store import CopyStore
from sigeti_dwh.database import connect, translated
from sigeti_dwh.pipe import Pipe
from sigeti_dwh.public_holidays import refresh_holidays
from sigeti_dwh.settings import Settings
from sigeti_dwh.source_check import check_columns
from sigeti_dwh.source_tables import read_source_tables
from sigeti_dwh.table_copy import TableCopy
from sigeti_dwh.time_limit import limited

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class TableLoad:
    """What the load did to one table: rows that travelled, rows that had changed, seconds."""

    name: str
    read: int
    changed: int
    seconds: float


@dataclass(frozen=True)
class LoadResult:
    """One load: its number in dwh_meta.chargements and what it did to each table."""

    run_id: int
    tables: list[TableLoad]

    @property
    def changed(self) -> int:
        """Return the number of rows that had changed."""
        return sum(table.changed for table in self.tables)


def load(settings: Settings, report: Callable[[str], None] = print) -> LoadResult:
    """Bring the copies in raw_sigeti to the present state of the source.

    When source and warehouse are one database nothing is copied: dwh_suivi then only keeps the keys
    and versions that tell the facts which rows changed.

    Raises UserError for a source that is not as declared, TimeLimitError for one that is too slow,
    RetryableError for a lost connection; the warehouse is left as it was.
    """
    tables = read_source_tables()
    with (
        connect(settings.source, application_name="sigeti_dwh load") as source,
        connect(settings.warehouse, application_name="sigeti_dwh load") as warehouse,
        limited("The load", settings.layer_minutes, source, warehouse),
    ):
        with translated(settings.source):
            source.execute("set transaction isolation level repeatable read, read only")
            shape = check_columns(source, tables)
        for line in shape.remarks:
            report(line)
        with translated(settings.warehouse):
            meta.prepare(warehouse)
            refresh_holidays(warehouse)
            last_horizon = _last_horizon(warehouse)
            run_id = _open_run(warehouse)
        schema = "dwh_suivi" if settings.one_database else "raw_sigeti"
        stores = [
            CopyStore(schema, table, run_id, versions_only=settings.one_database)
            for table in tables
        ]
        pipe = Pipe(source, warehouse, settings)
        done = []
        for store in stores:
            started = time.monotonic()
            name = store.table.name
            copy = TableCopy(pipe, store, indexed=name in shape.indexed)
            read, changed = copy.refresh(shape.fingerprints[name], last_horizon)
            seconds = time.monotonic() - started
            done.append(TableLoad(name, read, changed, seconds))
            report(f"{name}: {changed} changed rows of {read} read in {seconds:.1f} s")
        with translated(settings.warehouse):
            _close_run(warehouse, run_id, shape.horizon, done)
            warehouse.commit()
            _analyze(warehouse, stores, done)
    return LoadResult(run_id, done)


def _open_run(warehouse: Connection) -> int:
    row = warehouse.execute(
        "insert into dwh_meta.chargements (debut) values (clock_timestamp()) returning chargement"
    ).fetchone()
    assert row is not None
    run_id: int = row[0]
    return run_id


def _last_horizon(warehouse: Connection) -> int | None:
    """Return the horizon of the last load, None when there was none."""
    row = warehouse.execute(
        "select horizon from dwh_meta.chargements order by chargement desc limit 1"
    ).fetchone()
    return row[0] if row else None


def _close_run(warehouse: Connection, run_id: int, horizon: int, tables: list[TableLoad]) -> None:
    warehouse.execute(
        "update dwh_meta.chargements set fin = clock_timestamp(), lignes_lues = %s, "
        "lignes_changees = %s, horizon = %s where chargement = %s",
        [
            sum(table.read for table in tables),
            sum(table.changed for table in tables),
            horizon,
            run_id,
        ],
    )


def _analyze(warehouse: Connection, stores: list[CopyStore], done: list[TableLoad]) -> None:
    """Refresh the planner's statistics of tables of which more than a tenth was written."""
    for store, table in zip(stores, done, strict=True):
        row = warehouse.execute(
            "select reltuples from pg_class where oid = to_regclass(%s)", [store.name]
        ).fetchone()
        if row is not None and table.changed > 0.1 * max(row[0], 0):
            warehouse.execute(sql.SQL("analyze {}").format(store.relation))
    warehouse.commit()
