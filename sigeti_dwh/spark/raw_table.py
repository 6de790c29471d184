"""The SQL by which the copy of one source table on Spark becomes what the source holds.

Spark's executors read the source by JDBC, each a range of keys, and all in one snapshot of it: the
one that our own session has exported and holds open.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import sql

from sigeti_dwh.load.source_tables import SourceTable
from sigeti_dwh.settings import Server

ROWS_A_PART = 100_000
MOST_PARTS = 1000
FETCHED = 10_000
"""Rows that a reader holds at once; with any number it reads in one transaction."""
TYPES = {
    "text": "string",
    "integer": "int",
    "double precision": "double",
    "timestamptz": "timestamp",
    "jsonb": "string",
}
STAMPS = {
    "_charge_le": "timestamp",
    "_chargement": "bigint",
    "_changement": "bigint",
    "_supprime_le": "timestamp",
}
"""When and by which load a row was last written, by which change, since when it is deleted."""
# Only rows that changed are written; what they were is deleted by position.
PROPERTIES = {"format-version": "2", "write.merge.mode": "merge-on-read"}


@dataclass(frozen=True)
class Extent:
    """How many rows a source table has, and between which keys."""

    rows: int
    first: int
    last: int

    @property
    def parts(self) -> int:
        """Return in how many parts it is read."""
        return min(self.rows // ROWS_A_PART + 1, MOST_PARTS)


def spark_type(declared: str) -> str:
    """Return the type on Spark of a declared one; JSON is text there."""
    kind = TYPES.get(declared, declared)
    return re.sub(r"^numeric\(", "decimal(", kind)


class RawTable:
    """The copy of one source table in raw_sigeti."""

    def __init__(self, table: SourceTable) -> None:
        self.table = table
        self.name = f"raw_sigeti.{table.copy_name}"
        self.incoming = f"arrivee_{table.copy_name}"

    @property
    def columns(self) -> dict[str, str]:
        """Return its columns with their types, the stamps included."""
        return {name: spark_type(kind) for name, kind in self.table.columns.items()} | STAMPS

    def create(self) -> str:
        """Return the statement that creates it where it is missing."""
        columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in self.columns.items())
        properties = ", ".join(f"'{name}' = '{value}'" for name, value in PROPERTIES.items())
        return (
            f"create table if not exists {self.name} ({columns}) using iceberg "
            f"tblproperties ({properties})"
        )

    def source(self) -> str:
        """Return the query at the source: its rows, as JDBC carries them exactly.

        Times and days travel as numbers: JDBC would read them by a time zone and by the Julian
        calendar. Those that no year of four digits holds are the last or first that one does: as
        little plausible, and null in staging.
        """
        columns = sql.SQL(", ").join(
            sql.SQL("{} as {}").format(self._sent(name), sql.Identifier(name))
            for name in self.table.columns
        )
        query = sql.SQL("select {} from {} t").format(columns, self.table.at_source)
        return query.as_string()

    def view(self, server: Server, snapshot: str, extent: Extent) -> str:
        """Return the statement that makes the source's rows readable in a Spark session."""
        options = {
            "sessionInitStatement": (
                "set transaction isolation level repeatable read, read only; "
                f"set transaction snapshot '{snapshot}'; "
                "set local row_security = off; set local statement_timeout = 0"
            ),
        }
        if extent.parts > 1:
            options |= {
                "partitionColumn": self.table.key[0],
                "lowerBound": str(extent.first),
                "upperBound": str(extent.last),
                "numPartitions": str(extent.parts),
            }
        return jdbc_view(self.incoming, server, self.source(), options)

    def merge(self, run: int, change: int, moment: int) -> str:
        """Return the statement that writes what differs, and marks what is deleted.

        `moment` is that of the load, in microseconds since 1970.
        """
        names = [quoted(name) for name in self.table.columns]
        received = ", ".join(
            f"{self._received(name)} as {quoted(name)}"
            for name in self.columns
            if name not in STAMPS
        )
        stamps = {
            "_charge_le": f"timestamp_micros({moment})",
            "_chargement": f"{run}L",
            "_changement": f"{change}L",
        }
        written = ", ".join(f"t.{name} = {value}" for name, value in stamps.items())
        same_key = " and ".join(f"t.{quoted(key)} = s.{quoted(key)}" for key in self.table.key)
        same = " and ".join(f"t.{name} <=> s.{name}" for name in names)
        return (
            f"merge into {self.name} as t using (select {received} from {self.incoming}) as s "
            f"on {same_key} "
            f"when matched and (t._supprime_le is not null or not ({same})) then update set "
            f"{', '.join(f't.{name} = s.{name}' for name in names)}, {written}, "
            "t._supprime_le = null "
            f"when not matched then insert ({', '.join([*names, *stamps, '_supprime_le'])}) values "
            f"({', '.join([*(f's.{name}' for name in names), *stamps.values(), 'null'])}) "
            "when not matched by source and t._supprime_le is null then update set "
            f"{written}, t._supprime_le = {stamps['_charge_le']}"
        )

    def lacking(self, found: Mapping[str, str]) -> dict[str, str]:
        """Return the columns that an existing copy lacks, with their types."""
        return {name: kind for name, kind in self.columns.items() if name not in found}

    def other_type(self, found: Mapping[str, str]) -> str | None:
        """Return the first column whose type is no longer the declared one."""
        return next(
            (name for name, kind in self.columns.items() if found.get(name, kind) != kind), None
        )

    def _sent(self, name: str) -> sql.Composable:
        column = sql.SQL("t.{}").format(sql.Identifier(name))
        kind = self.table.columns[name]
        if kind == "timestamptz":
            return sql.SQL(
                "case when {0} is not null then cast(round(extract(epoch from greatest(least({0}, "
                "timestamptz '9999-12-31 23:59:59.999999+00'), "
                "timestamptz '0001-01-01 00:00:00+00')) * 1000000) as bigint) end"
            ).format(column)
        if kind == "date":
            return sql.SQL(
                "case when {0} is not null then greatest(least({0}, date '9999-12-31'), "
                "date '0001-01-01') - date '1970-01-01' end"
            ).format(column)
        if kind == "jsonb":
            return sql.SQL("cast(cast({} as jsonb) as text)").format(column)
        return sql.SQL("cast({} as {})").format(column, sql.SQL(kind))

    def _received(self, name: str) -> str:
        kind = self.columns[name]
        if kind == "timestamp":
            return f"timestamp_micros({quoted(name)})"
        if kind == "date":
            return f"date_from_unix_date({quoted(name)})"
        return f"cast({quoted(name)} as {kind})"


def jdbc_view(name: str, server: Server, query: str, more: Mapping[str, str] | None = None) -> str:
    """Return the statement that makes a query's rows readable in a Spark session, as a view."""
    options = {
        "url": jdbc_url(server),
        "driver": "org.postgresql.Driver",
        "user": server.user,
        "password": server.password,
        "dbtable": f"({query}) as lignes",
        "fetchsize": str(FETCHED),
        **(more or {}),
    }
    told = ", ".join(f"{option} {text(value)}" for option, value in options.items())
    return (
        f"create or replace temporary view {name} using org.apache.spark.sql.jdbc options ({told})"
    )


def jdbc_url(server: Server) -> str:
    """Return a database's address as PostgreSQL's JDBC driver reads it, without the password."""
    host = f"[{server.host}]" if ":" in server.host else server.host
    settings = {"ApplicationName": "sigeti_dwh load", **server.tls}
    more = "&".join(f"{name}={value.replace(' ', '%20')}" for name, value in settings.items())
    return f"jdbc:postgresql://{host}:{server.port}/{server.name}?{more}"


def quoted(name: str) -> str:
    """Return a name as Spark reads it."""
    return f"`{name}`"


def text(value: str) -> str:
    """Return a text as Spark's SQL writes it."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
