"""The project installed in a folder of its own, and the nights that run there."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.checkout import copy_checkout
from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.settings import EMBEDDED_DATABASES
from sigeti_dwh.warehouse.database import connect

from ..python.conftest import at
from ..python.warehouse import Warehouse
from .reader import Content, read

# Longer than all the attempts of a step, on a machine that is busy.
PATIENCE = 300
POLL_SECONDS = 0.005


class Night:
    """A run of the command line, in a process group of its own."""

    def __init__(
        self,
        folder: Path,
        variables: dict[str, str],
        *arguments: str,
        checkout: Path | None = None,
        prefix: Sequence[str] = (),
    ) -> None:
        name = f"night-{time.monotonic_ns()}"
        self._told, self._said = folder / f"{name}.out", folder / f"{name}.err"
        with self._told.open("wb") as output, self._said.open("wb") as messages:
            self._process = subprocess.Popen(
                [*prefix, sys.executable, "-P", "-m", "sigeti_dwh", "--no-docs", *arguments],
                cwd="/",
                env={
                    "PATH": os.defpath,
                    "HOME": str(folder),
                    "PYTHONPATH": str(checkout or folder),
                    "DWH_ENV_FILE": os.devnull,
                    **variables,
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=messages,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """Return what it has printed of its progress."""
        return self._told.read_text(encoding="utf-8")

    @property
    def messages(self) -> str:
        """Return what it has said of what went wrong."""
        return self._said.read_text(encoding="utf-8")

    @property
    def is_over(self) -> bool:
        """Tell whether it has ended."""
        return self._process.poll() is not None

    def wait_until(self, condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Wait until a condition holds or the night is over, at most some seconds."""
        deadline = time.monotonic() + seconds
        while not self.is_over and time.monotonic() < deadline and not condition():
            time.sleep(POLL_SECONDS)

    def wait_for(self, line: str) -> None:
        """Wait until it has printed a line that begins so."""
        self.wait_until(lambda: f"\n{line}" in f"\n{self.output}")

    def wait_for_layer(self, name: str) -> None:
        """Wait until it has told that a layer is built."""
        self.wait_until(lambda: re.search(rf"^{name}: \d+ model", self.output, re.M) is not None)

    def wait(self) -> int:
        """Wait for its end and return the exit code."""
        return self._process.wait(PATIENCE)

    def signal(self, number: int) -> None:
        """Send a signal to its processes."""
        if not self.is_over:
            os.killpg(self._process.pid, number)


@contextmanager
def outside(folder: Path, checkout: Path, *prefix: str, **variables: str) -> Iterator[Night]:
    """Start a night of a checkout whose folder takes no output, by a command before it."""
    night = Night(folder, variables, checkout=checkout, prefix=prefix)
    with ended(night):
        yield night


@contextmanager
def ended(night: Night) -> Iterator[None]:
    """See that a night does not outlive the block."""
    try:
        yield
    finally:
        night.signal(signal.SIGKILL)
        night.wait()


class Installation:
    """The project as a user has it: code, settings, state and an embedded server in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = copy_checkout(folder)
        self.server = EmbeddedServer(folder / ".dwh" / "postgres")
        self.lines: list[str] = []
        self.variables: dict[str, str] = {}
        """Settings of the nights, beside those of the embedded server."""
        self.start_server()
        for name in EMBEDDED_DATABASES.values():
            self.server.create_database(name)
        source, warehouse = (at(self.server, *pair) for pair in EMBEDDED_DATABASES.items())
        self.warehouse = Warehouse(source, warehouse, self.folder, self.lines)

    def start_server(self) -> None:
        """Start the server, after a kill -9 too."""
        self.server.start(report=self.lines.append)

    @contextmanager
    def night(self, *arguments: str, **variables: str) -> Iterator[Night]:
        """Start a night; none outlives the block."""
        night = Night(self.folder, self.variables | variables, *arguments)
        with ended(night):
            yield night

    @contextmanager
    def edited(self, path: str, text: str, other: str) -> Iterator[None]:
        """Put another text in the place of one in a file of the project, for a while."""
        file = self.folder / path
        before = file.read_text(encoding="utf-8")
        assert text in before
        file.write_text(before.replace(text, other), encoding="utf-8")
        yield
        file.write_text(before, encoding="utf-8")

    @contextmanager
    def impatient(self) -> Iterator[None]:
        """Let nights wait less long for locks, and between attempts."""
        with (
            self.edited(
                "sigeti_dwh/warehouse/session.py", '"lock_timeout": "60s"', '"lock_timeout": "2s"'
            ),
            self.edited(
                "prefect/flows/sigeti_dwh_flow.py", "WAITS = [5, 15, 40]", "WAITS = [1, 1]"
            ),
        ):
            yield

    def execute(self, statement: str) -> None:
        """Execute a statement in the warehouse."""
        with self.connect() as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def connect(self) -> psycopg.Connection[Any]:
        """Connect to the warehouse as somebody else than the flow."""
        return connect(
            self.warehouse.settings.warehouse,
            autocommit=True,
            application_name="fault",
            unlimited=True,
        )

    def marts(self) -> Content:
        """Return the content of the marts."""
        with self.connect() as connection:
            return read(connection)

    def last_state(self) -> str | None:
        """Return the state in which Prefect's history has the last night, None before the first."""
        found = self.flow_runs()
        return found[-1][1] if found else None

    def flow_runs(self) -> list[tuple[str, str]]:
        """Return the nights of Prefect's history, in their order, with the state of each."""
        with sqlite3.connect(self.folder / ".dwh" / "prefect" / "prefect.db") as history:
            query = "select id, state_type from flow_run order by rowid"
            return history.execute(query).fetchall()
