"""Numbers that are no numbers and days that no calendar holds, in dimensions, facts and marts."""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, LiteralString

from psycopg import sql

from sigeti_dwh.monitor.findings import Finding, monitor

if TYPE_CHECKING:
    from sigeti_dwh.monitor.objects import Measure

CHECKED = ("dimensions", "facts", "marts")
NUMBERS = re.compile(r"(numeric|real|double precision)\b(?!.*\[\])")
TIMES = re.compile(r"(date|timestamp)\b(?!.*\[\])")
YEARS = re.compile(r"(smallint|integer|bigint)(?!.*\[\])")
# In PostgreSQL's order NaN comes after Infinity, and infinity after every day: the ends tell all.
WRONG_NUMBER = "{0} >= 'Infinity' or {0} = '-Infinity'"
# What no invoice of ours has. Infinite days and those before Christ arrive as years 1 and 9999.
WRONG_TIME = "{0} < '1900-01-01' or {0} >= '2200-01-01'"
WRONG_YEAR = "{0} not between 1900 and 2199"
READABLE = re.compile(r"(?!0001-01-01 |9999-12-31 )\d{4}-\d\d-\d\d[^B]*|\d+")
"""Dates and times that clients such as Python can hold, whatever their time zone; and years."""


def checked_columns(layer: str, columns: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the columns of an object of this layer that can hold wrong values."""
    if layer not in CHECKED:
        return []
    return [(name, kind) for name, kind in columns if _condition(name, kind)]


def ends_of(columns: Sequence[tuple[str, str]]) -> sql.Composable:
    """Return an array: the greatest and the least value of each column, null where it is right.

    They are read with the count of the rows.
    """
    ends = [
        sql.SQL("case when {} then {}::text end").format(wrong_when(name, kind, value), value)
        for name, kind in columns
        for end in ("max", "min")
        for value in [sql.SQL(f"{end}({{}})").format(sql.Identifier(name))]
    ]
    return sql.SQL("array[{}]::text[]").format(sql.SQL(", ").join(ends))


def wrong_values(
    columns: Sequence[tuple[str, str]], ends: Sequence[str | None]
) -> tuple[tuple[str, str], ...]:
    """Return the columns with wrong values, and each such value, from what ends_of gave."""
    pairs = zip(columns, ends[::2], ends[1::2], strict=True)
    return tuple(
        (name, value)
        for (name, _), greatest, least in pairs
        for value in dict.fromkeys([greatest, least])
        if value is not None
    )


def wrong_when(name: str, kind: str, value: sql.Composable) -> sql.Composed:
    """Return the condition by which a value of a checked column is wrong."""
    condition = _condition(name, kind)
    assert condition is not None
    return sql.SQL(condition).format(value)


def judge_values(measures: Iterable["Measure"]) -> list[Finding]:
    """Return which objects hold wrong values; critical are those that some clients cannot read."""
    found = []
    for one in measures:
        if one.wrong:
            readable = all(READABLE.fullmatch(value) for _, value in one.wrong)
            found.append(
                Finding(
                    "warning" if readable else "critical",
                    one.name,
                    "; ".join(f"{name} holds {value}" for name, value in one.wrong),
                    " ; ".join(f"{name} contient {value}" for name, value in one.wrong),
                    "test",
                    monitor("rows", one.name),
                )
            )
    return found


def _condition(name: str, kind: str) -> LiteralString | None:
    if NUMBERS.match(kind):
        return WRONG_NUMBER
    if TIMES.match(kind):
        return WRONG_TIME
    return WRONG_YEAR if name == "annee" and YEARS.match(kind) else None
