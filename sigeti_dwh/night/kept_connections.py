"""dbt's connections to the warehouse, each kept by its thread from node to node.

dbt opens one for each node, some 700 a night.
"""

import select
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import psycopg2  # type: ignore[import-untyped]
from dbt.adapters.contracts.connection import Connection, ConnectionState
from dbt.adapters.factory import FACTORY
from dbt.adapters.postgres.connections import PostgresConnectionManager
from dbt.adapters.postgres.impl import PostgresAdapter


class KeptConnections(PostgresConnectionManager):
    """Keeps a connection that a node gives back, without what the node left in its session."""

    processes: ClassVar[WeakKeyDictionary[Any, int]] = WeakKeyDictionary()
    """The server's process of each connection; what psycopg2 knows is a pool's own number."""

    @classmethod
    def open(cls, connection: Connection) -> Connection:
        """Open a connection; what it sets for its session outlives a transaction that fails."""
        was_open = connection.state == ConnectionState.OPEN
        opened: Connection = super().open(connection)  # type: ignore[no-untyped-call]
        if not was_open:
            with opened.handle.cursor() as cursor:
                cursor.execute("select pg_backend_pid()")
                [cls.processes[opened.handle]] = cursor.fetchone()
            opened.handle.commit()
        return opened

    def release(self) -> None:
        """Take back the thread's connection."""
        connection = self.get_if_exists()
        if connection is None or connection.state != ConnectionState.OPEN:
            return
        try:
            connection.transaction_open = False
            connection.handle.rollback()
            connection.handle.cursor().execute("discard temp")
            connection.handle.commit()
        except psycopg2.Error:
            super().release()

    def set_connection_name(self, name: str | None = None) -> Connection:
        """Return the thread's connection, under the name of what it is for now."""
        connection = self.get_if_exists()
        if (
            connection is not None
            and connection.state == ConnectionState.OPEN
            and _was_ended(connection.handle)
        ):
            self.close(connection)
        return super().set_connection_name(name)


def keep_connections() -> None:
    """Let dbt's adapters of this process, from now on, keep their connections."""
    PostgresAdapter.ConnectionManager = KeptConnections


def sessions() -> list[int]:
    """Return the numbers of the server's processes that work for dbt."""
    return [
        KeptConnections.processes[connection.handle]
        for adapter in FACTORY.adapters.values()
        for connection in list(adapter.connections.thread_connections.values())
        if connection.state == "open" and connection.handle in KeptConnections.processes
    ]


def _was_ended(handle: Any) -> bool:
    """Tell whether the server has ended an idle connection: its last words wait to be read."""
    if handle.closed:
        return True
    waiting = select.poll()
    waiting.register(handle, select.POLLIN)
    return bool(waiting.poll(0))
