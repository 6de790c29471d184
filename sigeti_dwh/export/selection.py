"""What a login gets: the marts that it may read, and of these its rows, in one snapshot."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from sigeti_dwh.errors import UserError
from sigeti_dwh.readers.contract import Column, Mart, read_marts

FRESHNESS = "fraicheur"
"""Not a sheet: what it says is on the first one."""
ZONES = "mart_occupation_zones"
FETCHED = 2000
"""Rows in memory at a time."""
READABLE = """
select
    has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select'),
    array(
        select attname::text from pg_attribute
        where attrelid = c.oid and attnum > 0 and not attisdropped
    ),
    array(
        select attname::text from pg_index
        join unnest(indkey) with ordinality as part (number, place) on true
        join pg_attribute on attrelid = c.oid and attnum = part.number
        where indrelid = c.oid and indisprimary
        order by place
    )
from pg_namespace n
join pg_class c on c.relnamespace = n.oid
where n.nspname = %s and c.relname = %s
"""


@dataclass(frozen=True)
class Publication:
    """When the marts were published, and of which state of the source."""

    data_of: datetime
    published: datetime
    reference_date: date


@dataclass(frozen=True)
class Table:
    """A mart as a login reads it: its columns, and how many rows it gets."""

    mart: Mart
    source: sql.Identifier
    columns: dict[str, Column]
    key: list[str]
    rows: int


@dataclass(frozen=True)
class Selection:
    """What is written, and what it is."""

    login: str
    publication: Publication
    zones: tuple[str, ...]
    """Those that the login sees, by their names."""
    tables: tuple[Table, ...]
    is_whole: bool
    """Whether nobody has chosen from the marts that the login may read."""


class Reading:
    """One snapshot of the marts, as the login of a connection sees them."""

    def __init__(self, connection: psycopg.Connection[Any], prefix: str) -> None:
        self.connection = connection
        self.prefix = prefix
        self.login = connection.info.user

    def select(self, wanted: Sequence[str] = ()) -> Selection:
        """Return what the login reads of the marts, of all unless some are `wanted`.

        Raises UserError for a mart that does not exist or may not be read, and when nothing can be.
        """
        known = {mart.name: mart for mart in read_marts()}
        publication = self._publication(known.pop(FRESHNESS))
        if unknown := [name for name in wanted if name not in known]:
            raise UserError(f"There is no mart {unknown[0]!r}.\nThere are {', '.join(known)}.")
        tables = []
        for mart in known.values():
            if mart.name not in (wanted or known):
                continue
            if (table := self._table(mart)) is not None:
                tables.append(table)
            elif wanted:
                raise self._refused(mart.name)
        if not tables:
            raise self._refused("any mart")
        zones = self._zones(known[ZONES])
        return Selection(self.login, publication, zones, tuple(tables), not wanted)

    def rows(self, table: Table) -> Iterator[tuple[Any, ...]]:
        """Return a table's rows in the order of its key, few of them in memory at a time."""
        columns, key = (
            sql.SQL(", ").join(map(sql.Identifier, names)) for names in (table.columns, table.key)
        )
        query = sql.SQL("select {} from {}").format(columns, table.source)
        if table.key:
            query += sql.SQL(" order by {}").format(key)
        with self.connection.cursor(f"export {table.mart.name}") as cursor:
            cursor.itersize = FETCHED
            cursor.execute(query)
            yield from cursor

    def end(self) -> None:
        """End the session, which the server would end while a large file is put together."""
        self.connection.close()

    def _table(self, mart: Mart) -> Table | None:
        """Return a mart as the login reads it; None when it may not, or there is none."""
        schema = f"{self.prefix}_{mart.schema}"
        found = self.connection.execute(READABLE, [schema, mart.name]).fetchone()
        if found is None or not found[0]:
            return None
        _, present, key = found
        # One that the next night adds is not there yet; our own begin with an underscore.
        columns = {
            name: column
            for name, column in mart.columns.items()
            if name in present and not name.startswith("_")
        }
        source = sql.Identifier(schema, mart.name)
        [(rows,)] = self._ask("select count(*) from {}", source)
        return Table(mart, source, columns, key, rows)

    def _publication(self, freshness: Mart) -> Publication:
        schema = f"{self.prefix}_{freshness.schema}"
        nothing = UserError("Nothing is published here.\nBuild it first: ./run_pipeline.sh")
        if self.connection.execute(READABLE, [schema, FRESHNESS]).fetchone() is None:
            raise nothing
        table = self._table(freshness)
        if table is None:
            raise self._refused("any mart")
        [(data_of, published, day)] = self._ask(
            "select max(donnees_au), max(publie_le), max(date_reference) from {}", table.source
        )
        if data_of is None:
            raise nothing
        return Publication(data_of, published, day)

    def _zones(self, mart: Mart) -> tuple[str, ...]:
        table = self._table(mart)
        if table is None:
            return ()
        return tuple(
            name for (name,) in self._ask("select nom_zone from {} order by 1", table.source)
        )

    def _ask(self, query: LiteralString, source: sql.Identifier) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql.SQL(query).format(source)).fetchall()

    def _refused(self, what: str) -> UserError:
        return UserError(
            f"{self.login} may not read {what}, or it is not published yet.\n"
            "Rights come from ./run_pipeline.sh roles --login NAME, marts from ./run_pipeline.sh."
        )
