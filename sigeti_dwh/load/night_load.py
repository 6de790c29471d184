"""The load: from the source's tables to their copies in the warehouse.

All tables are read in one snapshot of the source and written in one transaction of the warehouse.
A load that is killed leaves the previous copies as they were. How a table is compared and copied is
in table_copy.py.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh.errors import UserError
from sigeti_dwh.load.buckets import present_sums
from sigeti_dwh.load.copy_store import CopyStore
from sigeti_dwh.load.loss import Loss, living_rows, losses, rows_before
from sigeti_dwh.load.pipe import Pipe
from sigeti_dwh.load.public_holidays import refresh_holidays
from sigeti_dwh.load.source_check import check_columns, history, hold, mark_missing
from sigeti_dwh.load.source_tables import SourceTable, read_source_tables
from sigeti_dwh.load.table_copy import TableCopy
from sigeti_dwh.settings import Settings
from sigeti_dwh.warehouse import meta
from sigeti_dwh.warehouse.database import connect, pin, translated
from sigeti_dwh.warehouse.time_limit import limited

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
    notices: Sequence[str] = ()
    """A line about each reason for which tables of the source were not read."""

    @property
    def changed(self) -> int:
        """Return the number of rows that had changed."""
        return sum(table.changed for table in self.tables)


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
    tables = read_source_tables(settings.source_schema)
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
            pin(source, settings.source, unlimited=True)
            tables = mark_missing(source, tables)
            there = [table for table in tables if table.missing is None]
            # Another snapshot, which the tables are held for.
            source.rollback()
            hold(source, there)
            pin(source, settings.source, unlimited=True)
            shape = check_columns(source, there)
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
            if not accept_loss:
                before = rows_before(warehouse)
                rows |= {t.name: before.get(t.name, 0) for t in tables if t.missing is not None}
            notices = list(_notices(tables, rows))
            for line in notices:
                report(line)
            lost = losses(warehouse, rows, settings.loss_share, settings.source_schema)
            if lost and not accept_loss:
                raise _lost_rows(lost, settings.loss_share)
            for loss in lost:
                report(f"accepted: {loss}")
            refresh_holidays(warehouse)
            horizon = _last_horizon(warehouse)
            went_back = horizon is not None and shape.horizon < horizon
            if went_back:
                horizon = None
            if known_as == history(warehouse):
                # What the warehouse remembers is on the same disk, and put back with the source.
                known_as = known_as[:2]
            run_id = _open_run(warehouse)
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
            _close_run(warehouse, run_id, shape.horizon, done)
            _remember_rows(warehouse, run_id, rows, accepted=bool(lost))
            warehouse.commit()
            _analyze(warehouse, stores, done)
    return LoadResult(run_id, done, notices)


def _notices(tables: Sequence[SourceTable], rows: Mapping[str, int]) -> Iterator[str]:
    """Say which optional tables are not read, and what becomes of their copies."""
    empty: dict[str, list[str]] = {}
    for table in tables:
        if table.missing is not None and rows[table.name]:
            yield (
                f"Notice: {table.name}: {table.missing}; the {rows[table.name]} rows that it had "
                "stay, --accept-loss takes them out"
            )
        elif table.missing is not None:
            empty.setdefault(table.missing, []).append(table.name)
    for reason, names in empty.items():
        yield f"Notice: {', '.join(names)}: {reason}; empty here"


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


def _remember_rows(
    warehouse: Connection, run_id: int, rows: Mapping[str, int], *, accepted: bool
) -> None:
    """Record what the next load measures a loss by, and up to which change it is that state."""
    warehouse.execute(
        "update dwh_meta.chargements set effectifs = %s, perte_acceptee = %s, "
        "changement = (select coalesce(max(numero), 0) from dwh_meta.changements) "
        "where chargement = %s",
        [json.dumps(rows), accepted, run_id],
    )


def _lost_rows(lost: list[Loss], share: float) -> UserError:
    return UserError(
        f"The source lost more than {share:.0%} of its rows: {'; '.join(map(str, lost))}.\n"
        "Nothing was changed. See what happened there; rows marked as deleted count as lost.\n"
        "If it was meant: ./run_pipeline.sh --accept-loss"
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
