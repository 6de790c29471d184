"""dbt's sessions of the Thrift server: kept by their thread from node to node, and alike.

dbt-spark would open one for each node, wait five seconds for what takes a tenth of one, and leave
to the server what its SQL means.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any, ClassVar
from weakref import WeakSet

from dbt.adapters.contracts.connection import Connection, ConnectionState
from dbt.adapters.exceptions.connection import FailedToConnectError
from dbt.adapters.spark.connections import PyhiveConnectionWrapper, SparkConnectionManager
from dbt.adapters.spark.impl import SparkAdapter
from dbt_common.exceptions import DbtDatabaseError, DbtRuntimeError
from pyhive.exc import Error
from TCLIService.ttypes import TOperationState as State
from thrift.transport.TTransport import TTransportException

from sigeti_dwh.spark.connection import rows_of, said
from sigeti_dwh.spark.server import FIRST, SparkServer

FIRST_WAIT, LONGEST_WAIT = 0.01, 0.5
UNDER_WAY = (State.INITIALIZED_STATE, State.PENDING_STATE, State.RUNNING_STATE)
LOST = (TTransportException, OSError, EOFError)


class Session(PyhiveConnectionWrapper):  # type: ignore[misc]
    """A session of dbt's, whose statements end when the layer's time is over."""

    over: ClassVar[Event] = Event()
    """Set once what is under way shall end."""
    lost: ClassVar[WeakSet[Any]] = WeakSet()
    """Sessions that the server no longer answers in."""

    def execute(self, sql: str, bindings: list[Any] | None = None) -> None:
        """Run a statement; raise DbtDatabaseError with Spark's words when it fails."""
        if bindings is not None:
            bindings = [self._fix_binding(binding) for binding in bindings]
        cursor: Any = self._cursor
        with self._answering():
            cursor.execute(sql.strip().removesuffix(";"), bindings, async_=True)
            wait = FIRST_WAIT
            while (found := cursor.poll()).operationState in UNDER_WAY:
                if self.over.is_set():
                    cursor.cancel()
                    raise DbtRuntimeError("ended, since the layer's time is over")
                time.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT)
        if found.operationState != State.FINISHED_STATE:
            raise DbtDatabaseError(found.errorMessage or "it was ended on the server")

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the rows of the last statement, none where it was no query."""
        with self._answering():
            return rows_of(self._cursor)

    @property
    def description(self) -> Any:
        """Return the columns of the last statement, as PEP 249 has them."""
        with self._answering():
            return super().description

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Tell of a server that went away in words, and let nobody use the session again."""
        try:
            yield
        except LOST as error:
            Session.lost.add(self.handle)
            raise DbtDatabaseError(
                f"the connection was lost: {type(error).__name__}: {error}"
            ) from error

    def close(self) -> None:
        """Close the session; one that is lost is closed already."""
        try:
            super().close()
        except (Error, *LOST):
            return


class KeptSessions(SparkConnectionManager):  # type: ignore[misc]
    """Keeps a session that a node gives back."""

    opening: ClassVar[list[str]] = []
    """The statements with which each session begins."""

    @classmethod
    def open(cls, connection: Connection) -> Connection:
        """Open a session with the settings that the SQL of the project relies on."""
        if connection.state == ConnectionState.OPEN:
            return connection
        connection.credentials.server_side_parameters |= FIRST
        try:
            opened: Connection = super().open(connection)
        except FailedToConnectError as error:
            # dbt-spark says no more than that.
            raise FailedToConnectError(f"failed to connect: {error.__cause__}") from error
        opened.handle = Session(opened.handle.handle)
        for statement in cls.opening:
            opened.handle.cursor().execute(statement)
        return opened

    @contextmanager
    def exception_handler(self, sql: str) -> Iterator[None]:
        """Raise what fails in Spark's own words, which dbt-spark would put two lines below."""
        try:
            yield
        except DbtRuntimeError:
            raise
        except Exception as error:
            raise DbtDatabaseError(said(error)) from error

    def release(self) -> None:
        """Take back the thread's session."""
        connection = self.get_if_exists()
        if connection is not None and _is_good(connection):
            connection.transaction_open = False
            return
        super().release()


def keep_sessions(server: SparkServer) -> None:
    """Let dbt's adapters of this process, from now on, keep their sessions of this server."""
    Session.over.clear()
    KeptSessions.opening = server.opening
    SparkAdapter.ConnectionManager = KeptSessions


def end_statements() -> None:
    """End what is under way."""
    Session.over.set()


def _is_good(connection: Connection) -> bool:
    return connection.state == ConnectionState.OPEN and connection.handle.handle not in Session.lost
