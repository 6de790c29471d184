"""Whether the servers can serve a run, asked before anything is written."""

from typing import Any

import psycopg

from sigeti_dwh.errors import UserError
from sigeti_dwh.load.source_check import check_columns, require_all_rows, unreadable
from sigeti_dwh.load.source_tables import SourceTable, read_source_tables
from sigeti_dwh.settings import PREFIXES, Server, Settings
from sigeti_dwh.spark import connection as spark
from sigeti_dwh.warehouse import meta
from sigeti_dwh.warehouse.database import connect, translated
from sigeti_dwh.warehouse.search import search_obstacle
from sigeti_dwh.warehouse.time_limit import limited

OLDEST_SOURCE = 13
OLDEST_WAREHOUSE = 15
POOL_ATTEMPTS = 10
"""Others who use the pool may come between two questions."""


def check(settings: Settings) -> list[str]:
    """Check both databases, and Spark where the tables are there; return a line for each.

    Raises UserError that says what is missing and the statement that gives it; RetryableError when
    a server cannot be reached for now.
    """
    lines = []
    with (
        connect(settings.source, unlimited=True) as connection,
        limited("The check of the source", settings.layer_minutes, connection),
        translated(settings.source),
    ):
        lines.append(_version(connection, settings.source, OLDEST_SOURCE))
        _check_source(connection, settings.source, settings.source_schema)
    with connect(settings.warehouse, unlimited=True) as connection, translated(settings.warehouse):
        lines.append(_version(connection, settings.warehouse, OLDEST_WAREHOUSE))
        _check_warehouse(connection, settings.warehouse)
        if settings.one_database:
            # Staging reads the source's tables as the warehouse's user.
            _require_all(connection, settings.warehouse, settings.source_schema)
        meta.require_prefix(connection, settings.schema)
        if (obstacle := search_obstacle(connection)) is not None:
            lines.append(obstacle)
        if settings.spark is not None:
            meta.refuse_tables(connection, settings.schema)
    if settings.spark is not None:
        lines.append(spark.check(settings.spark))
    return lines


def _version(connection: psycopg.Connection[Any], server: Server, oldest: int) -> str:
    version = connection.info.server_version
    if version // 10000 < oldest:
        raise UserError(
            f"The {server} is PostgreSQL {version // 10000}.\n"
            f"As {server.role}, PostgreSQL {oldest} or newer is needed."
        )
    return f"{server}: PostgreSQL {version // 10000}.{version % 10000}"


def _check_source(connection: psycopg.Connection[Any], server: Server, schema: str) -> None:
    if connection.info.parameter_status("server_encoding") == "SQL_ASCII":
        raise UserError(
            f"The {server} is encoded SQL_ASCII: its accents have no known meaning.\n"
            "Read a copy of it that was restored into a UTF8 database."
        )
    there = _value(connection, "select to_regnamespace(quote_ident(%s)) is not null", schema)
    if not there:
        raise UserError(f"The {server} has no schema {schema}.\nCorrect SOURCE_DB_SCHEMA.")
    if not _value(connection, "select has_schema_privilege(%s, 'usage')", schema):
        raise UserError(
            f"The {server} hides its schema {schema}.\n"
            f'As its owner: GRANT USAGE ON SCHEMA {schema} TO "{server.user}";'
        )
    _require_all(connection, server, schema)
    check_columns(connection, _required(schema))


def _require_all(connection: psycopg.Connection[Any], server: Server, schema: str) -> None:
    tables = _required(schema)
    if closed := unreadable(connection, tables):
        names = ", ".join(f"{schema}.{name}" for name in closed)
        raise UserError(
            f"The {server} cannot be read in full.\n"
            f'As its owner: GRANT SELECT ON {names} TO "{server.user}";'
        )
    require_all_rows(connection, tables)


def _required(schema: str) -> list[SourceTable]:
    """Return the tables without which there is no night."""
    return [table for table in read_source_tables(schema) if not table.optional]


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
    if shares_sessions(server):
        raise UserError(
            f"A pool (as pgbouncer with pool_mode=transaction) is in front of the {server}.\n"
            "A night needs sessions of its own: set {0}_HOST and {0}_PORT to PostgreSQL itself, "
            "or to a pool with pool_mode=session.".format(PREFIXES[server.role])
        )
    meta.refuse_newer(connection)
    for right in ("CREATE", "TEMPORARY"):
        if not _value(connection, "select has_database_privilege(current_database(), %s)", right):
            raise UserError(
                f"The {server} does not let the warehouse be built: the right {right} is missing.\n"
                f'As its owner: GRANT {right} ON DATABASE "{server.name}" TO "{server.user}";'
            )


def shares_sessions(server: Server) -> bool:
    """Tell whether two connections get one session of the server, one after the other."""
    with connect(server, autocommit=True) as one, connect(server, autocommit=True) as other:
        if _process(one) == one.info.backend_pid:
            return False
        for _ in range(POOL_ATTEMPTS):
            if _process(one) == _process(other):
                # What connect has set is not for whoever is given this session next.
                one.execute("discard all")
                return True
    return False


def _process(connection: psycopg.Connection[Any]) -> object:
    return _value(connection, "select pg_backend_pid()")


def _value(connection: psycopg.Connection[Any], query: str, *parameters: object) -> object:
    row = connection.execute(query.encode(), parameters).fetchone()
    assert row is not None
    return row[0]
