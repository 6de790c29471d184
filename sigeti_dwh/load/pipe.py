"""Rows on their way from the source to the warehouse."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh.settings import Settings
from sigeti_dwh.warehouse.database import translated

CHUNK_BYTES = 1 << 18

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Pipe:
    """Both ends of the load, each in the one transaction that it has there."""

    source: Connection
    warehouse: Connection
    settings: Settings

    def copy(self, query: sql.Composable, target: sql.Composable, *, freeze: bool = False) -> int:
        """Write the rows of a query on the source into a table; return their number.

        Rows that are frozen at once need no vacuum; the table must be of this transaction.
        """
        outgoing = sql.SQL("copy ({}) to stdout (format binary)").format(query)
        incoming = sql.SQL("copy {} from stdin (format binary, freeze {})").format(target, freeze)
        with translated(self.settings.warehouse), self.warehouse.cursor() as writing:
            with writing.copy(incoming) as copy:
                for chunk in self._read(outgoing):
                    copy.write(chunk)
            return writing.rowcount

    def _read(self, statement: sql.Composed) -> Iterator[bytes]:
        pending = bytearray()
        with (
            translated(self.settings.source),
            self.source.cursor() as reading,
            reading.copy(statement) as rows,
        ):
            for row in rows:
                pending += row
                if len(pending) >= CHUNK_BYTES:
                    yield bytes(pending)
                    pending.clear()
        yield bytes(pending)
