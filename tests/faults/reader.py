"""A reader who looks at every mart all night long."""

from collections.abc import Collection
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

import psycopg

from sigeti_dwh.errors import RetryableError
from sigeti_dwh.settings import Server
from sigeti_dwh.warehouse.database import connect

from ..python.oracle import MARTS, RELATIONS

Content = tuple[str | None, ...]
"""A checksum of each mart's rows, in the order of MARTS; None for a mart without rows."""

# One statement, so that all marts are read in one snapshot.
QUERY = "select {}".format(
    ", ".join(
        "(select md5(string_agg(line, E'\\n' order by line)) from "
        "(select to_jsonb(mart)::text as line "
        f"from dwh_{RELATIONS[mart][0]}.{mart} as mart) as lines)"
        for mart in MARTS
    )
)
POLL_SECONDS = 0.2


def read(connection: psycopg.Connection[Any]) -> Content:
    """Return the content of the marts."""
    row = connection.execute(QUERY).fetchone()  # type: ignore[call-overload]
    assert row is not None
    return tuple(row)


def strange(seen: Collection[Content], before: Content, after: Content) -> list[str]:
    """Return what was read that is neither the marts before a night nor those after it."""
    return sorted(
        f"{mart} was {_described(found, *nights)}"
        for content in set(seen) - {before, after}
        for mart, found, *nights in zip(MARTS, content, before, after, strict=True)
    )


def _described(found: str | None, before: str | None, after: str | None) -> str:
    if found is None:
        return "empty"
    if found == before:
        return "the former night's" if found != after else "as in both nights"
    return "the new night's" if found == after else "of neither night"


class Reader(Thread):
    """Reads every mart again and again until the block ends.

    `may_lose_connection` is set while the server is going down: only then is a lost connection no
    trouble.
    """

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.seen: set[Content] = set()
        self.looks = 0
        self.troubles: list[str] = []
        self.may_lose_connection = False
        self._over = Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        """Read, and connect again whenever the connection is lost."""
        while not self._over.is_set():
            try:
                self._read_while_connected()
            except Exception as error:
                if not (self.may_lose_connection and _is_loss(error)):
                    self.troubles.append(repr(error))
            self._over.wait(POLL_SECONDS)

    def _read_while_connected(self) -> None:
        with connect(self.server, autocommit=True, application_name="reader") as connection:
            while not self._over.is_set():
                self.seen.add(read(connection))
                self.looks += 1
                self._over.wait(POLL_SECONDS)


def _is_loss(error: Exception) -> bool:
    """Tell whether a connection was lost or not to be had, as while a server restarts."""
    if isinstance(error, psycopg.OperationalError):
        return error.sqlstate is None or error.sqlstate.startswith("57P")
    return isinstance(error, RetryableError)
