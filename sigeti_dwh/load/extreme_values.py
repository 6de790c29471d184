"""Which rows of the source hold the texts or numbers that a model could not hold."""

from collections.abc import Iterable
from itertools import chain

import psycopg
from psycopg import sql

from sigeti_dwh.load.source_tables import SourceTable
from sigeti_dwh.settings import Server
from sigeti_dwh.warehouse.database import connect

SHOWN = 3
NUMBER = "abs(t.{c})"
# How large a value is, per declared type; NaN and infinity other tests name.
SIZE_OF_TEXT = {"text": "octet_length(cast(t.{c} as text))"}
SIZE_OF_NUMBER = {
    "numeric": NUMBER,
    "double precision": NUMBER,
    "jsonb": (
        "(select max(abs(cast(replace(n #>> '{{}}', ' ', '') as numeric))) "
        "from jsonb_path_query(t.{c}, '$.**') as n "
        r"where n #>> '{{}}' ~ '^-?[0-9 ]{{1,30}}(\.[0-9]+)?$')"
    ),
}


def longest_texts(source: Server, tables: Iterable[SourceTable]) -> str:
    """Name the longest texts of some tables: table, column, key and bytes."""
    return ", ".join(
        f"{where} ({size:.0f} bytes)" for size, where in _largest(source, tables, SIZE_OF_TEXT)
    )


def largest_numbers(source: Server, tables: Iterable[SourceTable]) -> str:
    """Name the largest numbers of some tables: table, column, key and the number."""
    return ", ".join(
        f"{where} ({size:.3g})" for size, where in _largest(source, tables, SIZE_OF_NUMBER)
    )


def _largest(
    source: Server, tables: Iterable[SourceTable], sizes: dict[str, str]
) -> list[tuple[float, str]]:
    with connect(source, autocommit=True) as connection:
        found = chain.from_iterable(_of_table(connection, table, sizes) for table in tables)
        return sorted(found, reverse=True)[:SHOWN]


def _of_table(
    connection: psycopg.Connection[tuple[object, ...]], table: SourceTable, sizes: dict[str, str]
) -> Iterable[tuple[float, str]]:
    key = sql.SQL(", ").join(sql.Identifier(name) for name in table.key)
    for column, declared in table.columns.items():
        size = sizes.get(declared.split("(")[0])
        if size is None:
            continue
        query = sql.SQL(
            "select {key}, size from (select {key}, {size} as size from {table} as t) as sized "
            "where size < cast('Infinity' as float8) order by size desc limit 1"
        ).format(
            key=key,
            size=sql.SQL(size).format(c=sql.Identifier(column)),
            table=table.at_source,
        )
        for *values, largest in connection.execute(query):
            named = ", ".join(f"{n}={v}" for n, v in zip(table.key, values, strict=True))
            yield float(str(largest)), f"{table.schema}.{table.relation}.{column} of {named}"
