"""The copies of a source, compared with it."""

from typing import Any

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
            for table in read_source_tables()
            if _rows(source, f"public.{table.name}", "true", table)
            != _rows(target, f"raw_sigeti.{table.name}", "_supprime_le is null", table)
        ]


def _rows(connection: Any, name: str, condition: str, table: SourceTable) -> list[Any]:
    columns = ", ".join(f"cast({column} as {kind})" for column, kind in table.columns.items())
    query = f"select row({columns})::text from {name} where {condition} order by 1"
    return list(connection.execute(query).fetchall())
