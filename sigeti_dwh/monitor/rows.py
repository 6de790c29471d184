"""Some rows of an object as text: of one that holds wrong values, the rows that have them."""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh.errors import UserError
from sigeti_dwh.monitor.objects import layer_of, measure
from sigeti_dwh.monitor.selection import unknown_name
from sigeti_dwh.monitor.values import wrong_when

RELATIONS = """
select n.nspname::text, c.relname::text
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
order by 1, 2
"""
# Of the unique indexes, the primary key, else the one of fewest columns.
KEY = """
select array(
    select a.attname::text from pg_attribute a
    where a.attrelid = i.indrelid and a.attnum = any(i.indkey) order by a.attnum
)
from pg_index i
where i.indrelid = to_regclass(%s)::oid and i.indisunique and i.indpred is null
order by not i.indisprimary, i.indnatts
limit 1
"""


def show_rows(
    connection: psycopg.Connection[Any], prefix: str, asked: str, number: int
) -> tuple[str, list[str], list[tuple[str | None, ...]]]:
    """Return an object's name, columns and up to `number` rows, each value as PostgreSQL writes it.

    Of a dimension, fact or mart with wrong values these are the rows that have them, by their key
    and the columns concerned. Raises UserError when nothing, or more than one object, is so named.
    """
    schema, table = _find(connection, prefix, asked)
    name = f"{schema}.{table}"
    relation = sql.Identifier(schema, table)
    columns: Sequence[str] = []
    condition: sql.Composable = sql.SQL("true")
    for one in measure(connection, prefix, 60, wanted=lambda _, known: known == name):
        wrong, kinds = dict(one.wrong), dict(one.columns)
        if not wrong:
            continue
        key = connection.execute(KEY, [relation.as_string(connection)]).fetchone()
        columns = list(dict.fromkeys([*(key[0] if key else kinds), *wrong]))
        condition = sql.SQL(" or ").join(
            wrong_when(column, kinds[column], sql.Identifier(column)) for column in wrong
        )
    chosen = sql.SQL(", ").join(map(sql.Identifier, columns)) if columns else sql.SQL("*")
    query = sql.SQL("select {} from {} where {} limit {}").format(
        chosen, relation, condition, number
    )
    # As text: Python has no such thing as an infinite day.
    described = connection.execute(sql.SQL("select * from ({}) t limit 0").format(query))
    names = [column.name for column in described.description or ()]
    texts = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(one)) for one in names)
    rows = connection.execute(sql.SQL("select {} from ({}) t").format(texts, query)).fetchall()
    return name, names, rows


def _find(connection: psycopg.Connection[Any], prefix: str, asked: str) -> tuple[str, str]:
    ours = [
        (schema, table)
        for schema, table in connection.execute(RELATIONS)
        if layer_of(schema, prefix) or schema in (f"{prefix}_qualite", "dwh_meta")
    ]
    names = [f"{schema}.{table}" for schema, table in ours]
    exact = [one for one, name in zip(ours, names, strict=True) if name == asked]
    # Readers see the published marts, not those in preparation.
    short = [one for one in ours if one[1] == asked]
    found = exact or [one for one in short if one[0] != f"{prefix}_preparation"] or short
    if not found:
        raise UserError(unknown_name(asked, names))
    if len(found) > 1:
        both = ", ".join(f"{schema}.{table}" for schema, table in found)
        raise UserError(f"More than one object is named {asked!r}.\nName one of {both}.")
    return found[0]
