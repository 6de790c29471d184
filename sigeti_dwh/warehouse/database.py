"""Connections to PostgreSQL, and its errors in words a user can act on."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
from psycopg import errors as pg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from sigeti_dwh.errors import MissingDatabaseError, RetryableError, UserError
from sigeti_dwh.settings import PREFIXES, STATE, Server, embedded_server
from sigeti_dwh.warehouse.session import pinning

# What a server says when it refuses a connection: libpq gives no SQLSTATE there, only words, and
# the server's are in the language of its lc_messages (English or French here).
REFUSALS: tuple[tuple[str, type[UserError], str, str], ...] = (
    (
        r"No space left|Aucun espace disponible",
        UserError,
        "its disk is full ({said})",
        "Free space there and run again.",
    ),
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
        r"too many connections for (role|database)|trop de connexions pour",
        RetryableError,
        "the user or the database has all the connections that it may have",
        'Close some of them, or let an administrator say ALTER ROLE "{user}" CONNECTION LIMIT …;',
    ),
    (
        r"remaining connection slots|connexions restants",
        RetryableError,
        "others have all the connections that this user may have",
        "Close some of theirs. Some can be kept for this user: docs/roles.md, connections.",
    ),
    (
        r"too many (clients|connections)|trop de (clients|connexions)",
        RetryableError,
        "the server has no connection left",
        "Close some of them, or raise its max_connections.",
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
        r"client certificate|certificate authentication failed|private key"
        r"|alert (certificate|unknown ca|bad certificate)|certificat client",
        UserError,
        "the client's certificate does not serve ({said})",
        "Set {prefix}_SSLCERT and {prefix}_SSLKEY to what the server's administrator gave you.",
    ),
    (
        r"server does not support SSL|certificate|SSL error|SSL SYSCALL",
        UserError,
        "no secure connection with sslmode={sslmode} ({said})",
        "Set {prefix}_SSLROOTCERT to the server's certificate authority, or {prefix}_SSLMODE.",
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
# statistics sees what other users' sessions are and say.
BLOCKER = """
select
    pid,
    relation::regclass::text,
    coalesce(nullif(application_name, ''), 'a program') || ' of ' || usename,
    coalesce(' on ' || host(client_addr), ''),
    coalesce(to_char(xact_start, 'YYYY-MM-DD HH24:MI TZ'), 'some time'),
    left(regexp_replace(coalesce(query, 'unknown'), '\\s+', ' ', 'g'), 100)
from pg_locks
join pg_stat_activity using (pid)
join pg_class on pg_class.oid = relation
where granted and relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
    and database = (select oid from pg_database where datname = current_database())
    and not (usename = current_user and application_name in ('sigeti_dwh', 'sigeti_dwh load',
        'sigeti_dwh night', 'dbt sigeti_dwh'))
order by mode = 'AccessShareLock', xact_start, relation limit 1
"""


def connect(
    server: Server,
    *,
    autocommit: bool = False,
    application_name: str = "sigeti_dwh",
    unlimited: bool = False,
    snapshot: bool = False,
    pinned: bool = True,
) -> psycopg.Connection[tuple[Any, ...]]:
    """Open a UTF-8 connection to a server, its settings pinned (session.py).

    `unlimited` sets aside the time limits of the role; with `snapshot` a transaction reads one
    state of the database, and only reads. One that is not `pinned` has yet to be, by pin.

    At the source, where a pool may give the session to somebody else after each transaction, the
    settings hold for the first transaction, and nothing is left in the session.

    Raises UserError naming the database and what to do; RetryableError when waiting can help.
    """
    try:
        connection = psycopg.connect(
            make_conninfo(**server.tls),
            host=server.host,
            port=server.port,
            dbname=server.name,
            user=server.user,
            password=server.password,
            client_encoding="UTF8",
            connect_timeout=10,
            keepalives_idle=30,
            keepalives_interval=10,
            keepalives_count=3,
            application_name=application_name,
            autocommit=autocommit,
            # A pool does not know what was prepared in another session.
            prepare_threshold=None,
        )
        if snapshot:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
        if pinned:
            pin(connection, server, unlimited=unlimited)
        return connection
    except psycopg.Error as error:
        raise refusal(str(error), server) from None


def pin(connection: psycopg.Connection[Any], server: Server, *, unlimited: bool) -> None:
    """Pin the settings of a session; at the source, those of the transaction under way."""
    local = server.role == "source" and not connection.autocommit
    connection.execute(pinning(server.role, unlimited=unlimited, local=local).encode())
    if not local:
        connection.commit()


def refusal(said: str, server: Server) -> UserError:
    """Return the error for a connection that failed with these words."""
    words = {"prefix": PREFIXES[server.role], "name": server.name, "sslmode": server.sslmode}
    words["user"] = server.user
    words["said"] = said.strip().splitlines()[-1].split("failed: ")[-1].strip()
    for pattern, kind, what, action in REFUSALS:
        if re.search(pattern, said):
            if server.embedded and "No space" in said:
                action = free_space(server)
            elif server.embedded and "{prefix}" in action:
                action = "Start it by ./run_pipeline.sh start; ./run_pipeline.sh status tells more."
                if why := embedded_server().why_down():
                    action = f"It went down: {why}.\nMend that, and ./run_pipeline.sh start"
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
    process, relation, who, where, since, query = row
    return (
        f"In the way: process {process} ({who}{where}), at work on {relation} since {since}: "
        f"{query}. To end it: select pg_terminate_backend({process});"
    )


def free_space(server: Server) -> str:
    """Return what to do when a server's disk is full, whose own words name places in its data."""
    where = f"in {STATE / 'postgres'}" if server.embedded else "on the server's disk"
    return f"Free space {where} and run again."


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
        return UserError(f"{server}: {said}.\n{free_space(server)}")
    if isinstance(error, pg.LockNotAvailable):
        who = blocker(server) or "Another session was in the way; run again."
        return RetryableError(f"{server}: {said}.\n{who}")
    if isinstance(error, pg.DeadlockDetected | pg.SerializationFailure):
        return RetryableError(f"{server}: {said}.\nAnother session is in the way; run again.")
    if isinstance(error, pg.QueryCanceled):
        return UserError(f"{server}: {said}.\nSomebody, or a time limit, ended it; run again.")
    lost = error.sqlstate is None and isinstance(error, psycopg.OperationalError)
    # Also by a limit on how long a session may idle, or a transaction may last.
    if lost or (error.sqlstate or "").startswith(("08", "57P", "25P03", "25P04")):
        return RetryableError(f"{server}: the connection was lost ({said}).\nRun again.")
    if (error.sqlstate or "")[:2] == "53":
        return RetryableError(f"{server}: {said}.\nThe server lacks resources; run again later.")
    return None
