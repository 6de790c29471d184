"""Documents of a PostgreSQL server: each row of a table is one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh.areas import source_variable
from sigeti_dwh.errors import RetryableError
from sigeti_dwh.load.documents.collections import Collection

PATIENCE = 10
"""Seconds to wait for a server."""
AT_ONCE = 2_000
"""Rows held in memory."""


@contextmanager
def postgresql(area: str, address: str) -> Iterator["Database"]:
    """Open the database in one snapshot of it; raise RetryableError when it does not answer."""
    try:
        with psycopg.connect(
            address, connect_timeout=PATIENCE, application_name="sigeti_dwh load"
        ) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            yield Database(connection)
    except psycopg.OperationalError as error:
        said = str(error).strip().splitlines()[-1]
        raise RetryableError(f"{source_variable(area)}: {said}") from None


class Database:
    """A PostgreSQL database with a table of the same name, on the search path, for each of ours."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection

    def has(self, collection: Collection) -> bool:
        """Tell whether the table is there."""
        found = self.connection.execute(
            "select to_regclass(quote_ident(%s)) is not null", [collection.name]
        ).fetchone()
        return found == (True,)

    def read(self, collection: Collection) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the rows, of the allowed columns alone."""
        query = sql.SQL("select to_jsonb(t) from {} as t").format(sql.Identifier(collection.name))
        with self.connection.cursor(name="sigeti_dwh_documents") as cursor:
            cursor.itersize = AT_ONCE
            for number, (document,) in enumerate(cursor.execute(query), 1):
                yield f"{collection.name}, row {number}", document

    def check_unchanged(self) -> None:
        """Do nothing: a snapshot is of one state."""
