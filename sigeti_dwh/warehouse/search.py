"""Whether the server can search, which the publication makes (macros/publication)."""

from typing import Any

import psycopg

NAMES = ["pg_trgm", "unaccent"]
MISSING = """
select name::text, exists (select from pg_available_extensions a where a.name = wanted.name)
from unnest(%s::name[]) as wanted (name)
where not exists (select from pg_extension where extname = wanted.name)
"""


def search_obstacle(connection: psycopg.Connection[Any]) -> str | None:
    """Return what keeps the warehouse from having a search, None when nothing does.

    Both extensions are trusted: whoever may create in the database may create them.
    """
    missing = connection.execute(MISSING, [NAMES]).fetchall()
    absent = [name for name, is_available in missing if not is_available]
    if absent:
        return (
            f"No search: the server lacks {' and '.join(absent)} (Debian: postgresql-contrib). "
            "Nights do all else."
        )
    allowed = connection.execute(
        "select has_database_privilege(current_database(), 'create')"
    ).fetchone()
    if missing and allowed != (True,):
        statements = " ".join(f"CREATE EXTENSION {name};" for name, _ in missing)
        return f"No search until an administrator says: {statements}"
    return None
