"""The tables of one copy in the warehouse, made and first filled."""

from enum import Enum
from typing import Any

import psycopg
from psycopg import errors as pg
from psycopg import sql

from sigeti_dwh.errors import UserError
from sigeti_dwh.load.buckets import forget_sums
from sigeti_dwh.load.pipe import Pipe
from sigeti_dwh.load.source_tables import SourceTable
from sigeti_dwh.warehouse import meta

Connection = psycopg.Connection[Any]

FULL_NAMES = {"timestamptz": "timestamp with time zone"}
"""What the catalogue calls a type that is declared by another name."""


class Standing(Enum):
    """What a copy is worth before a load."""

    NEW = "made just now, without rows or indexes"
    DOUBTFUL = "rows of the same version may have other values at the source"
    KNOWN = "rows of the same version are the same"


class CopyStore:
    """The copy of one source table: its rows, and beside them the links that they used to have.

    Each row remembers its version at the source, when and by which load it was written, the number
    of its last change, and since when it is deleted at the source. With `versions_only` it has
    nothing else but its key and links.
    """

    def __init__(
        self, schema: str, table: SourceTable, run_id: int, *, versions_only: bool
    ) -> None:
        self.table = table = table.tracked() if versions_only else table
        self.run_id = run_id
        self.versions_only = versions_only
        self.schema = sql.Identifier(schema)
        self.name = f"{schema}.{table.copy_name}"
        self.relation = sql.Identifier(schema, table.copy_name)
        self.former_links = sql.Identifier(schema, f"{table.copy_name}__anciens_liens")
        self.columns = [sql.Identifier(column) for column in table.columns]
        self.key = [sql.Identifier(column) for column in table.key]
        self.links = [sql.Identifier(column) for column in table.links]

    def prepare(self, warehouse: Connection, fingerprint: str, *, doubtful: bool) -> Standing:
        """Create the tables and columns that are missing; a new copy must then be filled.

        A copy is KNOWN while the fingerprint of its source stays, unless it is `doubtful`.

        Raises UserError for a column whose type is no longer the declared one.
        """
        existed = self.provide(warehouse)
        if not meta.remember(warehouse, self.name, fingerprint) and not doubtful:
            return Standing.KNOWN
        forget_sums(warehouse, self.name)
        return Standing.DOUBTFUL if existed else Standing.NEW

    def provide(self, warehouse: Connection) -> bool:
        """Create the tables and columns that are missing; return whether the copy existed.

        Raises UserError for a column whose type is no longer the declared one.
        """
        warehouse.execute(sql.SQL("create schema if not exists {}").format(self.schema))
        found: dict[str, str] = dict(
            warehouse.execute(
                "select attname, format_type(atttypid, atttypmod) from pg_attribute "
                "where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped",
                [self.name],
            )
        )
        if found:
            self._adapt(warehouse, found)
        else:
            self._create(warehouse)
        if self.links:
            self._create_former_links(warehouse)
        return bool(found)

    def fill(self, pipe: Pipe, rows: sql.Composable) -> int:
        """Write the rows of a new copy once, indexes after them; return their number."""
        stamps = {
            "_chargement": self.run_id,
            "_changement": meta.next_change(pipe.warehouse, self.table.name),
        }
        for column, value in stamps.items():
            self._alter(
                pipe.warehouse,
                "alter column {} set default {}",
                sql.Identifier(column),
                sql.Literal(value),
            )
        target = sql.SQL("{} ({}, _version)").format(self.relation, listed(self.columns))
        written = pipe.copy(rows, target, freeze=True)
        for column in stamps:
            self._alter(pipe.warehouse, "alter column {} drop default", sql.Identifier(column))
        self.add_key(pipe.warehouse, self.relation)
        for indexed in (*self.links, sql.Identifier("_changement")):
            pipe.warehouse.execute(
                sql.SQL("create index on {} ({})").format(self.relation, indexed)
            )
        return written

    def add_key(self, warehouse: Connection, rows: sql.Composable) -> None:
        """Give rows that came from the source their key; raise UserError when they have none."""
        try:
            warehouse.execute(
                sql.SQL("alter table {} add primary key ({})").format(rows, listed(self.key))
            )
        except (pg.UniqueViolation, pg.NotNullViolation) as error:
            said = error.diag.message_detail or f"{error.diag.column_name} is null in a row."
            raise UserError(
                f"{self.table.schema}.{self.table.relation}: {said}\n"
                "The source holds such a row: correct it there and run again. Nothing was changed."
            ) from error

    def _adapt(self, warehouse: Connection, found: dict[str, str]) -> None:
        for column, kind in self.table.columns.items():
            if column not in found:
                self._alter(warehouse, "add column {} {}", sql.Identifier(column), sql.SQL(kind))
            elif found[column] != FULL_NAMES.get(kind, kind):
                raise UserError(
                    f"{self.name}.{column} has type {found[column]}, declared is {kind}.\n"
                    "Nothing was changed. ./run_pipeline.sh --full-refresh makes the copy and its "
                    f"views again after: drop table {self.name} cascade;"
                )

    def _create(self, warehouse: Connection) -> None:
        warehouse.execute(
            sql.SQL(
                "create table {} ({}, _version bigint not null, "
                "_charge_le timestamptz not null default current_timestamp, "
                "_chargement bigint not null, _changement bigint not null, "
                "_supprime_le timestamptz)"
            ).format(self.relation, declared(self.table.columns))
        )

    def _create_former_links(self, warehouse: Connection) -> None:
        """Create what keeps former links; it outlives a copy that was dropped."""
        warehouse.execute(
            sql.SQL(
                "create table if not exists {} as select {}, _changement from {} with no data"
            ).format(self.former_links, listed([*self.key, *self.links]), self.relation)
        )
        warehouse.execute(
            sql.SQL("create index if not exists {} on {} (_changement)").format(
                sql.Identifier(f"{self.table.copy_name}__anciens_liens__changement_idx"),
                self.former_links,
            )
        )

    def _alter(self, warehouse: Connection, action: str, *parts: sql.Composable) -> None:
        warehouse.execute(sql.SQL("alter table {} " + action).format(self.relation, *parts))


def declared(columns: dict[str, str]) -> sql.Composed:
    """Return columns with their types, as a table is created with them."""
    return sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
        for name, kind in columns.items()
    )


def listed(columns: list[sql.Identifier], prefix: str = "") -> sql.Composed:
    """Return columns between commas, each after the name of its table."""
    dotted = sql.SQL(f"{prefix}.{{}}" if prefix else "{}")
    return sql.SQL(", ").join(dotted.format(column) for column in columns)
