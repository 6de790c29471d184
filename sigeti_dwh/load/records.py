"""What a load did, what it tells, and its record in dwh_meta."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from sigeti_dwh.errors import UserError
from sigeti_dwh.load.loss import Loss, losses, rows_before
from sigeti_dwh.load.source_tables import SourceTable
from sigeti_dwh.settings import Settings

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


def compared(
    warehouse: Connection,
    settings: Settings,
    tables: Sequence[SourceTable],
    rows: Mapping[str, int],
    report: Callable[[str], None],
    *,
    accept_loss: bool,
) -> tuple[dict[str, int], list[str], list[Loss]]:
    """Compare the source's living rows with those before; tell what is not read, or was accepted.

    Return the rows by table, with those that a table the source lacks keeps; the notices; the
    losses. Raises UserError for a loss, unless `accept_loss`.
    """
    rows = dict(rows)
    if not accept_loss:
        before = rows_before(warehouse)
        rows |= {t.name: before.get(t.name, 0) for t in tables if t.missing is not None}
    told = list(notices(tables, rows))
    for line in told:
        report(line)
    lost = losses(warehouse, rows, settings.loss_share, settings.source_schema)
    if lost and not accept_loss:
        raise lost_rows(lost, settings.loss_share)
    for loss in lost:
        report(f"accepted: {loss}")
    return rows, told, lost


def notices(tables: Sequence[SourceTable], rows: Mapping[str, int]) -> Iterator[str]:
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


def open_run(warehouse: Connection) -> int:
    """Record that a load begins, and return its number."""
    row = warehouse.execute(
        "insert into dwh_meta.chargements (debut) values (clock_timestamp()) returning chargement"
    ).fetchone()
    assert row is not None
    run_id: int = row[0]
    return run_id


def close_run(
    warehouse: Connection, run_id: int, horizon: int | None, tables: Sequence[TableLoad]
) -> None:
    """Record what a load did, and below which transaction all had ended at the source."""
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


def remember_rows(
    warehouse: Connection, run_id: int, rows: Mapping[str, int], *, accepted: bool
) -> None:
    """Record what the next load measures a loss by, and up to which change it is that state."""
    warehouse.execute(
        "update dwh_meta.chargements set effectifs = %s, perte_acceptee = %s, "
        "changement = (select coalesce(max(numero), 0) from dwh_meta.changements) "
        "where chargement = %s",
        [json.dumps(rows), accepted, run_id],
    )


def lost_rows(lost: list[Loss], share: float) -> UserError:
    """Return the error of a source that lost more than it may."""
    return UserError(
        f"The source lost more than {share:.0%} of its rows: {'; '.join(map(str, lost))}.\n"
        "Nothing was changed. See what happened there; rows marked as deleted count as lost.\n"
        "If it was meant: ./run_pipeline.sh --accept-loss"
    )
