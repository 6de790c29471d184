"""Connections to PostgreSQL, and its errors in words a user can act on."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
from psycopg import errors as pg
from psycopg import sql

from sigeti_dwh.errors import MissingDatabaseError, RetryableError, UserError
from sigeti_dwh.settings import PREFIXES, Server

# What a server says when it refuses a connection: libpq gives no SQLSTATE there, only words, and
# the server's are in the language of its lc_messages (English or French here).
REFUSALS: tuple[tuple[str, type[UserError], str, str], ...] = (
    (
        r"password authentication failed|no password supplied"
        r"|authentification par mot de passe",
        UserError,
        "the user or the password is refused",
        "Set {prefix}_USER and {prefix}_PASSWORD in .env or the environment.",
    ),
    (
        r'database ".*" does not exist|la base de données «.*» n.existe pas',
        MissingDatabaseError,
        "there is no such database",
        "Set {prefix}_NAME, or create it: CREATE DATABASE \"{name}\" ENCODING 'UTF8'.",
    ),
    (
        r'role ".*" does not exist|role ".*" is not permitted|le rôle «.*» n.e',
        UserError,
        "the server has no such user, or does not let it log in",
        "Set {prefix}_USER in .env or the environment.",
    ),
    (
        r"no pg_hba.conf entry|rejects connection|pg_hba\.conf",
        UserError,
        "the server's pg_hba.conf does not let this user in from here",
        "Ask its administrator for a line in pg_hba.conf, or set {prefix}_SSLMODE=require.",
    ),
    (
        r"too many (clients|connections)|remaining connection slots"
        r"|trop de (clients|connexions)|connexions restants",
        RetryableError,
        "the server has no connection left",
        "Wait, or raise its max_connections.",
    ),
    (
        r"starting up|shutting down|recovery mode|not yet accepting connections"
        r"|système de bases? de données|terminating connection|arrêt des connexions",
        RetryableError,
        "the server is starting or stopping",
        "Wait a moment and run again.",
    ),
    (
        r"could not translate host name|Name or service not known|nodename nor servname",
        UserError,
        "this host name is unknown",
        "Correct {prefix}_HOST in .env or the environment.",
    ),
    (
        r"server does not support SSL|certificate|SSL error|SSL SYSCALL",
        UserError,
        "no secure connection with sslmode={sslmode} ({said})",
        "Set {prefix}_SSLMODE, or PGSSLROOTCERT to the server's certificate authority.",
    ),
    (
        r"Connection refused|No such file or directory|Network is unreachable|No route to host",
        RetryableError,
        "nothing answers there",
        "Start that server, or correct {prefix}_HOST and {prefix}_PORT.",
    ),
    (
        r"timeout expired|timed out",
        RetryableError,
        "no answer within 10 seconds",
        "Check {prefix}_HOST, {prefix}_PORT and the firewall between.",
    ),
    (
        r"closed the connection|Connection reset|Broken pipe|received invalid response",
        RetryableError,
        "what answers there breaks the connection off",
        "Check that {prefix}_PORT is that of PostgreSQL, and the server's log.",
    ),
)

# Who holds our relations, whoever does more than read first, then the oldest. Only who may read all
# statistics sees what other users' sessions are.
BLOCKER = """
select
    pid,
    relation::regclass::text,
    coalesce(nullif(application_name, ''), 'a program') || ' of ' || usename,
    coalesce(' on ' || host(client_addr), ''),
    coalesce(to_char(xact_start, 'YYYY-MM-DD HH24:MI TZ'), 'some time')
from pg_locks
join pg_stat_activity using (pid)
join pg_class on pg_class.oid = relation
where granted and relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
    and database = (select oid from pg_database where datname = current_database())
    and application_name not in ('sigeti_dwh', 'sigeti_dwh load', 'sigeti_dwh night',
        'dbt sigeti_dwh')
order by mode = 'AccessShareLock', xact_start, relation limit 1
"""

SESSION_OPTIONS = {
    # Rows that a policy would hide end a statement: they must never pass for deleted ones.
    "source": "-c lock_timeout=60s -c row_security=off",
    # What works for a client that is gone, killed or cut off, ends by itself.
    "warehouse": "-c lock_timeout=60s -c client_connection_check_interval=5s",
}
"""What each session sets for itself: nobody who idles in a transaction holds up a night."""


def connect(
    server: Server, *, autocommit: bool = False, application_name: str = "sigeti_dwh"
) -> psycopg.Connection[tuple[Any, ...]]:
    """Open a UTF-8 connection to a server.

    Raises UserError naming the database and what to do; RetryableError when waiting can help.
    """
    try:
        return psycopg.connect(
            host=server.host,
            port=server.port,
            dbname=server.name,
            user=server.user,
            password=server.password,
            sslmode=server.sslmode,
            client_encoding="UTF8",
            connect_timeout=10,
            keepalives_idle=30,
            keepalives_interval=10,
            keepalives_count=3,
            application_name=application_name,
            options=SESSION_OPTIONS[server.role],
            autocommit=autocommit,
        )
    except psycopg.Error as error:
        raise refusal(str(error), server) from None


def refusal(said: str, server: Server) -> UserError:
    """Return the error for a connection that failed with these words."""
    words = {"prefix": PREFIXES[server.role], "name": server.name, "sslmode": server.sslmode}
    words["said"] = said.strip().splitlines()[-1].split("failed: ")[-1].strip()
    for pattern, kind, what, action in REFUSALS:
        if re.search(pattern, said):
            if server.embedded:
                action = "Start it by ./run_pipeline.sh start; ./run_pipeline.sh status tells more."
            reason = f"{what.format(**words)}.\n{action.format(**words)}"
            return kind(f"Cannot connect to the {server}: {reason}")
    return UserError(f"Cannot connect to the {server}:\n{words['said']}")


@contextmanager
def translated(server: Server) -> Iterator[None]:
    """Turn what PostgreSQL says while a connection is in use into UserError or RetryableError.

    Only what a user can act on is translated; an error in our own SQL stays as it is.
    """
    try:
        yield
    except psycopg.Error as error:
        known = _failure(error, server)
        if known is None:
            raise
        raise known from error


def blocker(server: Server) -> str | None:
    """Return who else works on the warehouse's tables, None when nobody does any more."""
    with connect(server, autocommit=True) as connection:
        row = connection.execute(BLOCKER).fetchone()
    if row is None:
        return None
    process, relation, who, where, since = row
    return (
        f"In the way: process {process} ({who}{where}), at work on {relation} since {since}. "
        f"To end it: select pg_terminate_backend({process});"
    )


def create_warehouse(server: Server) -> bool:
    """Create the warehouse's database when the server has none of that name; True if created."""
    try:
        connect(server).close()
        return False
    except MissingDatabaseError as missing:
        try:
            _create_database(server)
        except (UserError, psycopg.Error):
            raise missing from None
    return True


def _create_database(server: Server) -> None:
    with connect(replace(server, name="postgres"), autocommit=True) as connection:
        statement = sql.SQL("create database {} encoding 'UTF8' template template0")
        connection.execute(statement.format(sql.Identifier(server.name)))


def _failure(error: psycopg.Error, server: Server) -> UserError | None:
    said = (error.diag.message_primary or str(error)).strip().splitlines()[0]
    if isinstance(error, pg.InsufficientPrivilege):
        return UserError(
            f"{server}: {said}.\nGrant {server.user} that right, or set another user in "
            f"{PREFIXES[server.role]}_USER."
        )
    if isinstance(error, pg.DiskFull):
        return UserError(f"{server}: {said}.\nFree space on the server's disk and run again.")
    if isinstance(error, pg.LockNotAvailable):
        who = blocker(server) or "Another session was in the way; run again."
        return RetryableError(f"{server}: {said}.\n{who}")
    if isinstance(error, pg.DeadlockDetected | pg.SerializationFailure):
        return RetryableError(f"{server}: {said}.\nAnother session is in the way; run again.")
    if isinstance(error, pg.QueryCanceled):
        return UserError(f"{server}: {said}.\nRaise the role's statement_timeout or run again.")
    lost = error.sqlstate is None and isinstance(error, psycopg.OperationalError)
    if lost or (error.sqlstate or "")[:2] == "08" or (error.sqlstate or "")[:3] == "57P":
        return RetryableError(f"{server}: the connection was lost ({said}).\nRun again.")
    if (error.sqlstate or "")[:2] == "53":
        return RetryableError(f"{server}: {said}.\nThe server lacks resources; run again later.")
    return None
