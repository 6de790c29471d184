"""What the monitor saw before: dwh_meta.mesures, one row per object and time it was counted."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from sigeti_dwh.monitor.objects import Measure

KEPT = "400 days"
SEEN = """
select objet, mesure_le, lignes, octets, colonnes, anomalie
from dwh_meta.mesures
where objet = any(%s) and mesure_le > current_timestamp - %s::interval
order by objet, mesure_le
"""
TICKS = "▁▂▃▄▅▆▇█"
ASCII_TICKS = "_.-~=+*#"


@dataclass(frozen=True)
class Seen:
    """An object as it was once."""

    moment: datetime
    rows: int
    size: int | None
    columns: tuple[tuple[str, str], ...]
    anomaly: bool
    """Whether its rows were out of the ordinary then."""


def seen_before(
    connection: psycopg.Connection[Any], names: Collection[str], kept: str = KEPT
) -> dict[str, list[Seen]]:
    """Return what was seen of objects, the oldest first; nothing when none of it can be read."""
    try:
        rows = connection.execute(SEEN, [list(names), kept]).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege):
        return {}
    found: dict[str, list[Seen]] = defaultdict(list)
    for name, moment, number, size, columns, anomaly in rows:
        shape = tuple((column, kind) for column, kind in columns)
        found[name].append(Seen(moment, number, size, shape, anomaly))
    return dict(found)


def remember(
    connection: psycopg.Connection[Any], measures: Iterable[Measure], strange: Collection[str]
) -> str | None:
    """Keep what was counted of tables; return why not, when this role may not.

    The tables in `strange` are marked: their rows are out of the ordinary, and say nothing later of
    what is ordinary. What is older than 400 days is forgotten.
    """
    counted = [
        one for one in measures if one.rows is not None and not one.estimated and one.kind != "view"
    ]
    try:
        connection.execute("set default_transaction_read_only = off")
        with connection.transaction():
            connection.cursor().executemany(
                "insert into dwh_meta.mesures "
                "(objet, mesure_le, lignes, octets, donnees_au, colonnes, anomalie) "
                "values (%s, current_timestamp, %s, %s, %s, %s, %s) on conflict do nothing",
                [
                    (
                        one.name,
                        one.rows,
                        one.size,
                        one.business_date,
                        json.dumps(one.columns),
                        one.name in strange,
                    )
                    for one in counted
                ],
            )
            connection.execute(
                "delete from dwh_meta.mesures where mesure_le < current_timestamp - %s::interval",
                [KEPT],
            )
    except (
        psycopg.errors.UndefinedTable,
        psycopg.errors.InsufficientPrivilege,
        psycopg.errors.ReadOnlySqlTransaction,
        psycopg.errors.DiskFull,
    ) as error:
        return error.diag.message_primary
    return None


def sparkline(values: Sequence[float], *, ascii_only: bool = False) -> str:
    """Draw values as a line of characters, the lowest to the highest."""
    ticks = ASCII_TICKS if ascii_only else TICKS
    low, high = min(values), max(values)
    step = (high - low) / (len(ticks) - 1) or 1
    return "".join(ticks[round((value - low) / step)] for value in values)


def daily(seen: Sequence[Seen]) -> list[Seen]:
    """Return the last of each day."""
    return list({one.moment.date(): one for one in seen}.values())


def literal(text: str) -> str:
    """Return a text as LIKE takes it literally."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
