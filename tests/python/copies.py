"""The copies of a source, compared with it."""

from typing import Any

from psycopg import sql

from sigeti_dwh.load.source_check import mark_missing
from sigeti_dwh.load.source_tables import SourceTable, read_source_tables
from sigeti_dwh.warehouse.database import connect

from .warehouse import Warehouse


def stale(warehouse: Warehouse) -> list[str]:
    """Return the tables whose living copies are not the source's rows."""
    with (
        connect(warehouse.settings.source) as source,
        connect(warehouse.settings.warehouse) as target,
    ):
        return [
            table.name
            for table in mark_missing(source, read_source_tables())
            if _rows(source, table.at_source, "true", table)
            != _rows(target, copy_of(table), "_supprime_le is null", table)
        ]


def copy_of(table: SourceTable) -> sql.Identifier:
    """Return the name of a table's copy."""
    return sql.Identifier("raw_sigeti", table.copy_name)


def _rows(connection: Any, name: sql.Composable, condition: str, table: SourceTable) -> list[Any]:
    columns = ", ".join(f"cast({column} as {kind})" for column, kind in table.columns.items())
    query = f"select row({columns})::text from {{}} t where {condition} order by 1"
    return list(connection.execute(sql.SQL(query).format(name)).fetchall())
