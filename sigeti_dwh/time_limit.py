"""An end to what runs too long in the server."""

import time
from collections.abc import Callable, Collection
from contextlib import suppress
from threading import Event, Thread
from types import TracebackType
from typing import Self

from sigeti_dwh.database import connect
from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import Server

REPEAT_SECONDS = 0.5


class TimeLimit:
    """Ends sessions of the server once some seconds have passed, until the block ends.

    `expired` then tells that they were ended by the limit and not by a fault.
    """

    def __init__(
        self, server: Server, sessions: Callable[[], Collection[int]], seconds: float
    ) -> None:
        self.server = server
        self.sessions = sessions
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
                end_sessions(self.server, self.sessions())
            self._over.wait(REPEAT_SECONDS)


def end_sessions(server: Server, sessions: Collection[int]) -> None:
    """End sessions by the numbers of their processes, and with them what they are doing.

    Raises UserError when the server cannot be reached.
    """
    if sessions:
        with connect(server, autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from unnest(%s) as pid", [list(sessions)]
            )
