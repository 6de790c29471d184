"""Which row of the source holds a value that the warehouse's type cannot hold."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors as pg
from psycopg import sql

from sigeti_dwh.errors import UserError
from sigeti_dwh.load.source_tables import SourceTable
from sigeti_dwh.settings import Server
from sigeti_dwh.warehouse.database import connect

# What is wrong with a value, per declared type; {c} is the column.
WRONG = {
    "smallint": "{c} not between -32768 and 32767",
    "integer": "{c} not between -2147483648 and 2147483647",
    "double precision": "abs({c}) > 1.7e308 and {c}::text !~ '^-?(Infinity|NaN)$'",
    # A backslash before the u is its own only where their number is odd.
    "jsonb": r"{c}::text ~ '(^|[^\\])(\\\\)*\\u0000'",
}
UNHOLDABLE = (
    pg.NumericValueOutOfRange,
    pg.UntranslatableCharacter,
    pg.InvalidTextRepresentation,
    pg.CharacterNotInRepertoire,
)


@contextmanager
def naming_values(source: Server, table: SourceTable) -> Iterator[None]:
    """Turn a value that cannot be read into UserError with its table, column and key."""
    try:
        yield
    except UNHOLDABLE as error:
        said = (error.diag.message_primary or str(error)).splitlines()[0]
        raise unreadable_value(source, table, said) from error


def unreadable_value(
    source: Server, table: SourceTable, said: str, *, finite: bool = False
) -> UserError:
    """Return the error of such a value, which names its column and key if it is found."""
    where = _first(source, table, finite) or f"A row of {table.schema}.{table.relation}"
    return UserError(
        f"{where} holds a value that the warehouse cannot: {said}.\n"
        "The source holds such a row: correct it there and run again. Nothing was changed."
    )


def _first(source: Server, table: SourceTable, finite: bool) -> str | None:
    """Look for the first such value, column by column; None when none is found."""
    key = sql.SQL(", ").join(sql.Identifier(name) for name in table.key)
    with connect(source, snapshot=True) as connection:
        for column, declared in table.columns.items():
            wrong = _condition(column, declared)
            if finite and declared.startswith("numeric"):
                wrong = sql.SQL("{} = 'NaN'").format(table.read(column))
            if wrong is None:
                continue
            query = sql.SQL("select {} from {} t where {} order by {} limit 1").format(
                key, table.at_source, wrong, key
            )
            try:
                with connection.transaction():
                    row = connection.execute(query).fetchone()
            except psycopg.DataError:
                continue
            if row is not None:
                named = ", ".join(
                    f"{name}={value}" for name, value in zip(table.key, row, strict=True)
                )
                return f"{table.schema}.{table.relation}.{column} of the row {named}"
    return None


def _condition(column: str, declared: str) -> sql.Composed | None:
    size = re.fullmatch(r"numeric\((\d+),\s*(\d+)\)", declared)
    if size:
        limit = 10 ** (int(size[1]) - int(size[2]))
        condition = f"abs({{c}}) >= {limit} and {{c}}::text <> 'NaN'"
    elif declared in WRONG:
        condition = WRONG[declared]
    else:
        return None
    return sql.SQL(condition).format(c=sql.Identifier(column))
