"""Connections to Spark's Thrift server, and what it says in words that a user can act on."""

import logging
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date
from functools import partial
from typing import Any, Self

from sigeti_dwh.errors import RetryableError, TimeLimitError, UserError
from sigeti_dwh.settings import Settings
from sigeti_dwh.spark.packages import install_packages
from sigeti_dwh.spark.server import FIRST, SparkServer

# It writes a stack trace of what it then raises.
logging.getLogger("thrift").setLevel(logging.CRITICAL)

ROOM_SECONDS = 120
POLL_SECONDS = 0.05
TYPES: dict[str, Callable[[Any], object]] = {
    "DATE_TYPE": date.fromisoformat,
    # Sessions are in UTC.
    "TIMESTAMP_TYPE": lambda moment: moment.replace(tzinfo=UTC),
}
"""How PyHive's value of a type is read, where it leaves something out."""

REFUSALS: tuple[tuple[str, type[UserError], str, str], ...] = (
    (
        r"Error validating the login|PLAIN auth failed|Unsupported mechanism|Bad status",
        UserError,
        "the login is refused",
        "Correct DWH_SPARK_USER, DWH_SPARK_PASSWORD and DWH_SPARK_AUTH ({auth}) in .env.",
    ),
    (
        r"[Kk]erberos|GSSAPI|GSSError|[Tt]icket|gssapi|NoCredential",
        UserError,
        "there is no valid Kerberos ticket",
        "Get one by kinit, or let the schedule do so, and run again.",
    ),
    (
        # A catalog that Spark does not know is a schema to it.
        r"plugin class not found|CATALOG_NOT_FOUND|spark\.sql\.catalog\.\w+ is not defined"
        r"|SCHEMA_NOT_FOUND\] The schema `{catalog}` ",
        UserError,
        "it has no such catalog",
        "Correct DWH_SPARK_CATALOG, or let its administrator set spark.sql.catalog.{catalog}.",
    ),
    (
        r"Cannot find catalog plugin class|ClassNotFoundException|NoClassDefFoundError"
        r"|No suitable driver|Failed to find data source",
        UserError,
        "a jar is missing there: {said}",
        "Iceberg's runtime and PostgreSQL's JDBC driver belong on the class path of the Thrift "
        "server and of the executors (docs/spark.md).",
    ),
    (
        r"SCHEMA_NOT_FOUND|NoSuchNamespace|NoSuchDatabase",
        UserError,
        "a schema is missing there: {said}",
        "./run_pipeline.sh makes them all; let {user} make schemas in this catalog.",
    ),
    (
        r"[Aa]ccess [Dd]enied|[Pp]ermission denied|not authorized|Forbidden|AccessControlException",
        UserError,
        "a right is missing there: {said}",
        "Let the administrator of the catalog or of its storage give it to {user}.",
    ),
    (
        r"Name or service not known|nodename nor servname|gaierror|Temporary failure in name"
        r"|failed to resolve",
        UserError,
        "this host name is unknown",
        "Correct DWH_SPARK_HOST in .env or the environment.",
    ),
    (
        r"Could not connect|Connection refused|timed out|No route to host|unreachable",
        RetryableError,
        "nothing answers there",
        "Start that Thrift server, or correct DWH_SPARK_HOST and DWH_SPARK_PORT.",
    ),
    (
        r"TSocket read 0 bytes|Broken pipe|Connection reset|EOFError|SparkContext was shut down"
        r"|stopped SparkContext|Invalid SessionHandle|TTransportException",
        RetryableError,
        "the connection was lost",
        "See whether the Thrift server runs (its log tells why it ended), and run again.",
    ),
)


class Connection:
    """One session of the Thrift server, in the catalog that the warehouse is built in."""

    def __init__(self, server: SparkServer) -> None:
        from pyhive import hive

        self.server = server
        with translated(server):
            self._link = hive.connect(
                host=server.host,
                port=server.port,
                username=server.user,
                password=server.password or None,
                auth=server.auth,
                kerberos_service_name=server.kerberos_service or None,
                configuration=FIRST,
            )
        for statement in server.opening:
            self.execute(statement)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the session; one that is lost is closed already."""
        try:
            self._link.close()
        except Exception:
            # What it says of a server that is gone has been said before.
            return

    def columns(self, relation: str) -> list[str]:
        """Return the columns of a table or view, none where there is none."""
        try:
            return [name for name, *_ in self.execute(f"describe table {relation}")]
        except Exception as error:
            if re.search("(TABLE_OR_VIEW|SCHEMA)_NOT_FOUND", str(error)):
                return []
            raise

    def records(
        self,
        query: str,
        values: Mapping[str, object] | None = None,
        seconds: float | None = None,
    ) -> list[dict[str, Any]]:
        """Return the rows of a query, in which values stand as %(value)s, by their names.

        `seconds` are as those of `execute`.
        """
        with self._executed(query, values, seconds) as cursor:
            kinds = {name: TYPES.get(kind) for name, kind, *_ in cursor.description}
            return [
                {
                    name: read(value) if read and value is not None else value
                    for (name, read), value in zip(kinds.items(), row, strict=True)
                }
                for row in rows_of(cursor)
            ]

    def execute(self, statement: str, seconds: float | None = None) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows; raise UserError for what a user can act on.

        With `seconds` one that takes longer is ended there, and TimeoutError raised.
        """
        with self._executed(statement, None, seconds) as cursor:
            return rows_of(cursor)

    @contextmanager
    def _executed(
        self, statement: str, values: Mapping[str, object] | None, seconds: float | None
    ) -> Iterator[Any]:
        deadline = None if seconds is None else time.monotonic() + seconds
        with translated(self.server):
            cursor = self._link.cursor()
            try:
                cursor.execute(statement, values, async_=deadline is not None)
                if deadline is not None:
                    _wait(cursor, deadline)
                yield cursor
            finally:
                _close(cursor)


def over_time(what: str, settings: Settings) -> TimeLimitError:
    """Return the error of what the time limit of a layer has ended there."""
    return TimeLimitError(
        f"{what} was ended after {settings.layer_minutes:g} minutes.\n"
        "DWH_LAYER_MINUTES limits it. See what the cluster does."
    )


def connect(server: SparkServer) -> Connection:
    """Open a session, its settings pinned; install first, once, what talks to Spark.

    Raises UserError naming the server and what to do; RetryableError when waiting can help.
    """
    install_packages(partial(print, file=sys.stderr))
    return Connection(server)


def check(server: SparkServer) -> str:
    """Check that the cluster answers, has the catalog and room for a query; return its version.

    Raises UserError otherwise.
    """
    with connect(server) as connection:
        connection.execute("show namespaces")
        try:
            # Of a range, so that an executor answers.
            [(version,)] = connection.execute(
                "select version() from range(1)", seconds=ROOM_SECONDS
            )
        except TimeoutError:
            raise RetryableError(
                f"The {server} has no room: no executor took a query of ours within "
                f"{ROOM_SECONDS} s.\nSee whether workers are up, and what else takes their cores "
                "and memory; then run again."
            ) from None
    return f"{server}: Spark {version.split()[0]}"


@contextmanager
def translated(server: SparkServer) -> Iterator[None]:
    """Turn what the Thrift server says into UserError or RetryableError.

    Only what a user can act on is translated; an error in our own SQL stays as it is.
    """
    try:
        yield
    except (TimeoutError, UserError):
        raise
    except Exception as error:
        known = refusal(error, server)
        if known is None:
            # What PyHive has in it is the whole answer of the server, for a program to read.
            error.args = (said(error),)
            raise
        raise known from error


def refusal(error: BaseException, server: SparkServer) -> UserError | None:
    """Return what a user can act on in an error of PyHive, None when there is nothing."""
    text = said(error)
    first = text.strip().splitlines()[0][:200] if text.strip() else type(error).__name__
    words = {"auth": server.auth, "catalog": server.catalog, "user": server.user, "said": first}
    for pattern, kind, what, action in REFUSALS:
        if re.search(
            pattern.replace("{catalog}", server.catalog),
            f"{type(error).__name__}: {_all_said(error)}",
        ):
            return kind(f"The {server}: {what.format(**words)}.\n{action.format(**words)}")
    return None


def said(error: BaseException) -> str:
    """Return Spark's own words in an error of PyHive."""
    return re.sub(
        r"^(Error running query: )?(\[\w+\] )?([\w.]+(Exception|Error): )", "", _all_said(error)
    )


def _all_said(error: BaseException) -> str:
    answer = error.args[0] if error.args else ""
    status = getattr(answer, "status", None)
    return str(getattr(status, "errorMessage", None) or answer or error)


def rows_of(cursor: Any) -> list[tuple[Any, ...]]:
    """Return the rows that a statement has, none where it is no query."""
    try:
        return list(cursor.fetchall()) if cursor.description else []
    except TypeError:
        # Spark announces columns of what is no query, and sends none: PyHive walks through None.
        return []


def _wait(cursor: Any, deadline: float) -> None:
    from pyhive.exc import OperationalError
    from TCLIService.ttypes import TOperationState as State

    while True:
        found = cursor.poll()
        if found.operationState == State.FINISHED_STATE:
            return
        if found.operationState not in (
            State.INITIALIZED_STATE,
            State.PENDING_STATE,
            State.RUNNING_STATE,
        ):
            raise OperationalError(found.errorMessage or "it was ended")
        if time.monotonic() > deadline:
            cursor.cancel()
            raise TimeoutError
        time.sleep(POLL_SECONDS)


def _close(cursor: Any) -> None:
    try:
        cursor.close()
    except Exception:
        # The statement's own error tells more.
        return
