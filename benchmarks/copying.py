"""The floor of the load: COPY from one database into the other, nothing compared, nothing kept."""

from psycopg import sql

from benchmarks.databases import NAME, Connection, own_connection
from sigeti_dwh.load.source_tables import SourceTable, read_source_tables
from sigeti_dwh.settings import Settings

CHUNK_BYTES = 1 << 18


def copy_all(settings: Settings) -> None:
    """Copy the allowed columns of all tables into plain ones."""
    _copy_tables(settings, {table.name: "" for table in read_source_tables()})


def copy_changed(settings: Settings) -> None:
    """Copy the rows that the last change wrote."""
    join = " join benchmark.{} changed using (id)"
    _copy_tables(settings, {name: join.format(name) for name in ("factures", "paiement_factures")})


def drop_copies(settings: Settings) -> None:
    """Drop what was copied."""
    with own_connection(settings.warehouse) as warehouse:
        for table in read_source_tables():
            warehouse.execute(sql.SQL("drop table if exists {}").format(_copy(table)))


def pipe(source: Connection, query: sql.Composable, target: Connection, table: str) -> None:
    """Copy the rows of a query into a table of schema `benchmark`."""
    outgoing = sql.SQL("copy ({}) to stdout (format binary)").format(query)
    incoming = sql.SQL("copy {} from stdin (format binary)").format(sql.Identifier(NAME, table))
    with (
        source.cursor() as reading,
        target.cursor() as writing,
        reading.copy(outgoing) as rows,
        writing.copy(incoming) as copied,
    ):
        pending = bytearray()
        for row in rows:
            pending += row
            if len(pending) >= CHUNK_BYTES:
                copied.write(bytes(pending))
                pending.clear()
        copied.write(bytes(pending))


def _copy_tables(settings: Settings, joins: dict[str, str]) -> None:
    tables = [table for table in read_source_tables() if table.name in joins]
    with (
        own_connection(settings.source) as source,
        own_connection(settings.warehouse, autocommit=False) as target,
    ):
        target.execute("create schema if not exists benchmark")
        for table in tables:
            target.execute(_definition(table))
            pipe(source, _query(table, joins[table.name]), target, f"raw_{table.name}")


def _copy(table: SourceTable) -> sql.Identifier:
    return sql.Identifier(NAME, f"raw_{table.name}")


def _definition(table: SourceTable) -> sql.Composed:
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
        for name, kind in table.columns.items()
    )
    return sql.SQL("create table {} ({})").format(_copy(table), columns)


def _query(table: SourceTable, join: str) -> sql.Composed:
    columns = sql.SQL(", ").join(
        sql.SQL("cast({} as {})").format(sql.Identifier(table.name, name), sql.SQL(kind))
        for name, kind in table.columns.items()
    )
    return sql.SQL("select {} from {}{}").format(
        columns, sql.Identifier("public", table.name), sql.SQL(join)
    )
