"""Which rows a failed or warned test found, in the few words that a line of a message holds."""

from collections.abc import Mapping, Sequence

from psycopg import sql
from psycopg.rows import dict_row

from sigeti_dwh.settings import Server
from sigeti_dwh.warehouse.database import connect

SHOWN = 3


def examples(warehouse: Server, relation: str) -> str:
    """Name up to three of the rows that a test kept in a relation, by their keys.

    That is table, column and key where the test tells them, else the first column that is an
    identifier, else the first one. No other value is told: it may be personal.
    """
    with connect(warehouse) as connection, connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            sql.SQL("select * from {} limit {}").format(
                sql.Identifier(*relation.split(".")), SHOWN + 1
            )
        )
        rows = cursor.fetchall()
    return name_rows(rows)


def name_rows(rows: Sequence[Mapping[str, object]]) -> str:
    """Name the first SHOWN of some rows, and say that there are more."""
    named = [_name(row) for row in rows[:SHOWN]]
    # The same column is said once.
    subject = {name for name, _ in named}
    words = (
        [f"{name} {', '.join(key for _, key in named)}" for name in subject]
        if len(subject) == 1
        else [" ".join(name) for name in named]
    )
    return ", ".join(words + ["…"] * (len(rows) > SHOWN))


def _name(row: Mapping[str, object]) -> tuple[str, str]:
    if {"table_source", "colonne", "cle"} <= row.keys():
        return f"{row['table_source']}.{row['colonne']} of", str(row["cle"])
    column = next((name for name in row if name.endswith("_id")), next(iter(row)))
    return column, str(row[column])
