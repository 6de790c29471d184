"""Whether the two databases can serve a run, asked before anything is written."""

from typing import Any

import psycopg

from sigeti_dwh import meta
from sigeti_dwh.database import connect, translated
from sigeti_dwh.errors import UserError
from sigeti_dwh.search import search_obstacle
from sigeti_dwh.settings import PREFIXES, Server, Settings
from sigeti_dwh.source_check import check_columns, require_all_rows
from sigeti_dwh.source_tables import read_source_tables
from sigeti_dwh.time_limit import limited

OLDEST_SOURCE = 13
OLDEST_WAREHOUSE = 15

UNREADABLE = """
select c.relname
from pg_class c
where c.relnamespace = to_regnamespace('public') and c.relkind in ('r', 'p')
    and c.relname = any(%s) and not has_table_privilege(c.oid, 'select')
order by c.relname
"""


def check(settings: Settings) -> list[str]:
    """Check both databases; return a line for each.

    Raises UserError that says what is missing and the statement that gives it; RetryableError when
    a server cannot be reached for now.
    """
    lines = []
    with (
        connect(settings.source) as connection,
        limited("The check of the source", settings.layer_minutes, connection),
        translated(settings.source),
    ):
        lines.append(_version(connection, settings.source, OLDEST_SOURCE))
        _check_source(connection, settings.source)
    with connect(settings.warehouse) as connection, translated(settings.warehouse):
        lines.append(_version(connection, settings.warehouse, OLDEST_WAREHOUSE))
        _check_warehouse(connection, settings.warehouse)
        if settings.one_database:
            # Staging reads the source's tables as the warehouse's user.
            _require_all(connection, settings.warehouse)
        meta.require_prefix(connection, settings.schema)
        if (obstacle := search_obstacle(connection)) is not None:
            lines.append(obstacle)
    return lines


def _version(connection: psycopg.Connection[Any], server: Server, oldest: int) -> str:
    version = connection.info.server_version
    if version // 10000 < oldest:
        raise UserError(
            f"The {server} is PostgreSQL {version // 10000}.\n"
            f"As {server.role}, PostgreSQL {oldest} or newer is needed."
        )
    return f"{server}: PostgreSQL {version // 10000}.{version % 10000}"


def _check_source(connection: psycopg.Connection[Any], server: Server) -> None:
    if connection.info.parameter_status("server_encoding") == "SQL_ASCII":
        raise UserError(
            f"The {server} is encoded SQL_ASCII: its accents have no known meaning.\n"
            "Read a copy of it that was restored into a UTF8 database."
        )
    if not _value(connection, "select has_schema_privilege('public', 'usage')"):
        raise UserError(
            f"The {server} hides its schema public.\n"
            f'As its owner: GRANT USAGE ON SCHEMA public TO "{server.user}";'
        )
    _require_all(connection, server)
    check_columns(connection, read_source_tables())


def _require_all(connection: psycopg.Connection[Any], server: Server) -> None:
    tables = read_source_tables()
    unreadable = connection.execute(UNREADABLE, [[table.name for table in tables]]).fetchall()
    if unreadable:
        names = ", ".join(f"public.{name}" for (name,) in unreadable)
        raise UserError(
            f"The {server} cannot be read in full.\n"
            f'As its owner: GRANT SELECT ON {names} TO "{server.user}";'
        )
    require_all_rows(connection, tables)


def _check_warehouse(connection: psycopg.Connection[Any], server: Server) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise UserError(
            f"The {server} is encoded {encoding}.\n"
            f"Create another: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0; "
            f"and set {PREFIXES[server.role]}_NAME."
        )
    if _value(connection, "select current_setting('transaction_read_only')") == "on":
        raise UserError(
            f"The {server} is read only: a standby, or default_transaction_read_only is on.\n"
            f"Set {PREFIXES[server.role]}_HOST to the primary server."
        )
    for right in ("CREATE", "TEMPORARY"):
        if not _value(connection, "select has_database_privilege(current_database(), %s)", right):
            raise UserError(
                f"The {server} does not let the warehouse be built: the right {right} is missing.\n"
                f'As its owner: GRANT {right} ON DATABASE "{server.name}" TO "{server.user}";'
            )


def _value(connection: psycopg.Connection[Any], query: str, *parameters: object) -> object:
    row = connection.execute(query.encode(), parameters).fetchone()
    assert row is not None
    return row[0]
