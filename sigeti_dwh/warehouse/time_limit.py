"""An end to what runs too long in the server."""

import os
import socket
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

import psycopg

from sigeti_dwh.errors import TimeLimitError, UserError
from sigeti_dwh.settings import Server
from sigeti_dwh.warehouse.database import connect

REPEAT_SECONDS = 0.5
CANCEL_SECONDS = 5.0


class TimeLimit:
    """Ends what is under way once some seconds have passed, again and again until the block ends.

    `expired` then tells that it was ended by the limit and not by a fault.
    """

    def __init__(self, end: Callable[[], None], seconds: float) -> None:
        self.end = end
        self.deadline = time.monotonic() + seconds
        self.expired = False
        self._over = Event()
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        self._over.wait(self.deadline - time.monotonic())
        while not self._over.is_set():
            self.expired = True
            # When the server cannot be reached, its sessions are gone or going.
            with suppress(UserError):
                self.end()
            self._over.wait(REPEAT_SECONDS)


def end_sessions(server: Server, sessions: Collection[int]) -> None:
    """End sessions by the numbers of their processes, and with them what they are doing.

    Raises UserError when the server cannot be reached.
    """
    if sessions:
        with connect(server, autocommit=True, unlimited=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from unnest(%s) as pid", [list(sessions)]
            )


@contextmanager
def limited(what: str, minutes: float, *connections: psycopg.Connection[Any]) -> Iterator[None]:
    """Break connections off when the block takes too long, even where nothing answers any more.

    Raises TimeLimitError then.
    """
    limit = TimeLimit(lambda: break_off(connections), 60 * minutes)
    try:
        with limit:
            yield
    except Exception as error:
        if not limit.expired:
            raise
        raise TimeLimitError(
            f"{what} was ended after {minutes:g} minutes.\n"
            "DWH_LAYER_MINUTES limits it. See what the server does, and the network between."
        ) from error


def break_off(connections: Collection[psycopg.Connection[Any]]) -> None:
    """End what connections are waiting for, even where nothing answers any more."""
    for connection in connections:
        with suppress(psycopg.Error, OSError):
            descriptor = os.dup(connection.fileno())
            with suppress(psycopg.Error):
                connection.cancel_safe(timeout=CANCEL_SECONDS)
            with socket.socket(fileno=descriptor) as end:
                end.shutdown(socket.SHUT_RDWR)
