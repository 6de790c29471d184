"""Whether the source lost so many rows that somebody should say it was meant.

Rows are compared with those of the last accepted load: one whose state was published, or whose
loss was accepted. Loads in between, of nights that failed, have let nobody see what was lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh.load.buckets import Sums
from sigeti_dwh.load.source_tables import SourceTable

FEWEST = 20
"""Rows from which on a table is looked at: of fewer, half is soon gone."""

# Before anything was published, the last load is what a loss is measured by.
ACCEPTED = """
select effectifs
from dwh_meta.chargements
where effectifs is not null
order by
    (perte_acceptee or changement <= (
        select max(changement) from dwh_meta.avancement where empreinte = 'publication'
    )) is true desc,
    chargement desc
limit 1
"""

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Loss:
    """A source table that lost rows, with how many it had and has."""

    table: str
    """Its name with its schema at the source."""
    before: int
    now: int

    def __str__(self) -> str:
        """Tell it as a message does."""
        return f"{self.table} had {self.before} rows and has {self.now}"


def living_rows(
    source: Connection, tables: Sequence[SourceTable], sums: Mapping[str, Sums]
) -> dict[str, int]:
    """Return how many rows each table has that the source has not marked as deleted."""
    return {
        table.name: sum(rows for rows, _ in sums[table.name].values())
        if table.alive is None
        else _count(source, table)
        for table in tables
    }


def losses(warehouse: Connection, now: Mapping[str, int], share: float, schema: str) -> list[Loss]:
    """Return the tables that lost more than this share since the last accepted load."""
    row = warehouse.execute(ACCEPTED).fetchone()
    before: dict[str, int] = row[0] if row else {}
    return [
        Loss(f"{schema}.{name}", before[name], rows)
        for name, rows in now.items()
        if before.get(name, 0) >= FEWEST and before[name] - rows > share * before[name]
    ]


def rows_before(warehouse: Connection) -> dict[str, int]:
    """Return how many living rows each copy had after the last load."""
    row = warehouse.execute(
        "select effectifs from dwh_meta.chargements where effectifs is not null "
        "order by chargement desc limit 1"
    ).fetchone()
    return row[0] if row else {}


def _count(source: Connection, table: SourceTable) -> int:
    query = sql.SQL("select count(*) from {} where {}")
    alive = sql.SQL(table.alive or "true")
    row = source.execute(query.format(table.at_source, alive)).fetchone()
    assert row is not None
    count: int = row[0]
    return count
