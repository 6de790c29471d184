"""Public holidays of Côte d'Ivoire, for dim_temps."""

from datetime import UTC, date, datetime
from typing import Any

import holidays
import psycopg

from sigeti_dwh.warehouse import meta

FIRST_YEAR = 1970


def known_holidays(last_year: int) -> dict[date, str]:
    """Return day → French name, from 1970 to `last_year` included.

    Source: the library holidays, which computes the movable Christian and Muslim days; those that
    an announcement fixes each year are estimates, and named so.
    """
    calendar = holidays.country_holidays(
        "CI", years=range(FIRST_YEAR, last_year + 1), language="fr"
    )
    return dict(calendar.items())


def refresh_holidays(connection: psycopg.Connection[Any]) -> int:
    """Make dwh_reference.jours_feries equal to what the library knows; return the changed rows.

    Runs in the connection's transaction and writes only what differs.
    """
    known = known_holidays(datetime.now(UTC).year + 5)
    connection.execute("create schema if not exists dwh_reference")
    connection.execute(
        "create table if not exists dwh_reference.jours_feries "
        "(date_jour date primary key, nom_jour_ferie text not null)"
    )
    stored: dict[date, str] = dict(
        connection.execute("select date_jour, nom_jour_ferie from dwh_reference.jours_feries")
    )
    gone = sorted(stored.keys() - known.keys())
    changed = [(day, name) for day, name in sorted(known.items()) if stored.get(day) != name]
    with connection.cursor() as cursor:
        if gone:
            cursor.execute(
                "delete from dwh_reference.jours_feries where date_jour = any(%s)", [gone]
            )
        cursor.executemany(
            "insert into dwh_reference.jours_feries values (%s, %s) "
            "on conflict (date_jour) do update set nom_jour_ferie = excluded.nom_jour_ferie",
            changed,
        )
    if gone or changed:
        meta.next_change(connection, "jours_feries")
    return len(gone) + len(changed)
