"""The load: from the source's tables to their copies in the warehouse.

All tables are read in one snapshot of the source and written in one transaction of the warehouse.
A load that is killed leaves the previous copies as they were. How a table is compared and copied is
in table_copy.py.
"""

import time
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh.load import records
from sigeti_dwh.load.buckets import present_sums
from sigeti_dwh.load.copy_store import CopyStore
from sigeti_dwh.load.loss import living_rows
from sigeti_dwh.load.pipe import Pipe
from sigeti_dwh.load.public_holidays import refresh_holidays
from sigeti_dwh.load.records import LoadResult, TableLoad
from sigeti_dwh.load.source_check import history, hold_tables
from sigeti_dwh.load.table_copy import TableCopy
from sigeti_dwh.settings import Settings
from sigeti_dwh.warehouse import meta
from sigeti_dwh.warehouse.database import connect, translated
from sigeti_dwh.warehouse.time_limit import limited

Connection = psycopg.Connection[Any]


def load(
    settings: Settings,
    report: Callable[[str], None] = print,
    *,
    accept_loss: bool = False,
    by_value: bool = False,
    only_unchanged: bool = False,
    dry_run: bool = False,
) -> LoadResult:
    """Bring the copies in raw_sigeti to the present state of the source.

    A table that lost more than `settings.loss_share` of its rows ends it before anything is
    written, unless `accept_loss`. With `by_value` every row of a copy is compared by its values.

    With `only_unchanged` a load that finds changed rows leaves the warehouse as it was; with
    `dry_run` every load does, and says what it would have written.

    When source and warehouse are one database only optional tables are copied: of the others
    dwh_suivi keeps the keys and versions that tell the facts which rows changed.

    The copy of an optional table that the source cannot give has no rows, or keeps those that it
    has until `accept_loss`.

    Raises UserError for a source that is not as declared or lost its rows, TimeLimitError for one
    that is too slow, RetryableError for a lost connection; the warehouse is left as it was.
    """
    with (
        connect(
            settings.source, application_name="sigeti_dwh load", snapshot=True, pinned=False
        ) as source,
        connect(
            settings.warehouse, application_name="sigeti_dwh load", unlimited=True
        ) as warehouse,
        limited("The load", settings.layer_minutes, source, warehouse),
    ):
        with translated(settings.source):
            tables, shape = hold_tables(source, settings)
            known_as = history(source)
            sums, seconds = {}, {}
            for table in tables:
                started = time.monotonic()
                sums[table.name] = present_sums(source, table)
                seconds[table.name] = time.monotonic() - started
            rows = living_rows(source, tables, sums)
        for line in shape.remarks:
            report(line)
        with translated(settings.warehouse):
            meta.prepare(warehouse)
            meta.claim(warehouse, settings.schema)
            rows, notices, lost = records.compared(
                warehouse, settings, tables, rows, report, accept_loss=accept_loss
            )
            refresh_holidays(warehouse)
            horizon = _last_horizon(warehouse)
            went_back = horizon is not None and shape.horizon < horizon
            if went_back:
                horizon = None
            if known_as == history(warehouse):
                # What the warehouse remembers is on the same disk, and put back with the source.
                known_as = known_as[:2]
            run_id = records.open_run(warehouse)
        stores = [
            CopyStore(
                "dwh_suivi" if versions_only else "raw_sigeti",
                table,
                run_id,
                versions_only=versions_only,
            )
            for table in tables
            for versions_only in [settings.one_database and not table.optional]
        ]
        pipe = Pipe(source, warehouse, settings)
        done = []
        for store in stores:
            started = time.monotonic()
            name = store.table.name
            copy = TableCopy(pipe, store, sums[name], indexed=name in shape.indexed)
            if store.table.missing is not None and not accept_loss:
                copy.keep()
                done.append(TableLoad(name, 0, 0, seconds[name]))
                continue
            living = _living(warehouse, store) if dry_run else 0
            known = shape.shapes.get(name, (store.table.missing,))
            trusted = None if by_value and not store.versions_only else horizon
            read, changed = copy.refresh(repr((known_as, *known)), trusted)
            seconds[name] += time.monotonic() - started
            done.append(TableLoad(name, read, changed, seconds[name]))
            report(
                _described(warehouse, store, living, changed)
                if dry_run
                else f"{name}: {changed} changed rows of {read} read in {seconds[name]:.1f} s"
            )
            if only_unchanged and changed:
                warehouse.rollback()
                return LoadResult(run_id, done, notices)
        if dry_run:
            warehouse.rollback()
            return LoadResult(run_id, done, notices)
        with translated(settings.warehouse):
            records.close_run(warehouse, run_id, shape.horizon, done)
            records.remember_rows(warehouse, run_id, rows, accepted=bool(lost))
            warehouse.commit()
            _analyze(warehouse, stores, done)
    return LoadResult(run_id, done, notices)


def _living(warehouse: Connection, store: CopyStore) -> int:
    """Return how many rows of a copy the source has not deleted."""
    if warehouse.execute("select to_regclass(%s)", [store.name]).fetchone() == (None,):
        return 0
    row = warehouse.execute(
        sql.SQL("select count(*) from {} where _supprime_le is null").format(store.relation)
    ).fetchone()
    assert row is not None
    return int(row[0])


def _described(warehouse: Connection, store: CopyStore, before: int, changed: int) -> str:
    """Say what a load that is not kept would do to a copy that had so many living rows."""
    row = warehouse.execute(
        sql.SQL(
            "select count(*) from {} where _supprime_le is not null and _chargement = %s"
        ).format(store.relation),
        [store.run_id],
    ).fetchone()
    assert row is not None
    deleted = int(row[0])
    new = _living(warehouse, store) - before + deleted
    return (
        f"{store.table.name}: {new} new, {changed - new - deleted} changed, {deleted} deleted rows"
    )


def _last_horizon(warehouse: Connection) -> int | None:
    """Return the horizon of the last load, None when there was none."""
    row = warehouse.execute(
        "select horizon from dwh_meta.chargements order by chargement desc limit 1"
    ).fetchone()
    return row[0] if row else None


def _analyze(warehouse: Connection, stores: list[CopyStore], done: list[TableLoad]) -> None:
    """Refresh the planner's statistics of tables of which more than a tenth was written."""
    for store, table in zip(stores, done, strict=True):
        row = warehouse.execute(
            "select reltuples from pg_class where oid = to_regclass(%s)", [store.name]
        ).fetchone()
        if row is not None and table.changed > 0.1 * max(row[0], 0):
            warehouse.execute(sql.SQL("analyze {}").format(store.relation))
    warehouse.commit()
