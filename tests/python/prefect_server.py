"""A Prefect server of a test's own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from sigeti_dwh.embedded.ports import free_port

WAIT_SECONDS = 180.0


class Prefect:
    """A Prefect server's API."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.address = f"http://127.0.0.1:{port}/api"
        self.server: subprocess.Popen[bytes] | None = None
        self.serving: subprocess.Popen[str] | None = None

    def call(self, path: str, **body: Any) -> Any:
        """Post to the API, or get without a body; its database is busy at times."""
        data = json.dumps(body).encode() if body else None
        request = Request(f"{self.address}/{path}", data, {"Content-Type": "application/json"})

        def answered() -> bytes | None:
            try:
                with urlopen(request, timeout=WAIT_SECONDS) as answer:
                    return bytes(answer.read())
            except HTTPError as error:
                if error.code != 503:
                    raise
                return None

        return json.loads(until(answered))

    def nightly(self) -> str | None:
        """Return the id of the deployment of the nights, None when it is not there."""
        return self.deployment("sigeti-dwh/nightly")

    def deployment(self, name: str) -> str | None:
        """Return the id of a deployment, None when it is not there."""
        try:
            return str(self.call(f"deployments/name/{name}")["id"])
        except URLError:
            return None

    def start(self, deployment: str = "sigeti-dwh/nightly", **parameters: Any) -> str:
        """Have a run scheduled for now, and return its id."""
        now = {"type": "SCHEDULED", "state_details": {"scheduled_time": f"{datetime.now(UTC)}"}}
        path = f"deployments/{self.deployment(deployment)}/create_flow_run"
        return str(self.call(path, parameters=parameters, state=now)["id"])

    def finished(self, run: str) -> Any:
        """Return a run once it has ended."""
        final = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}

        def ended() -> Any:
            found = self.call(f"flow_runs/{run}")
            return found if found["state_type"] in final else None

        return until(ended)


def until(found: Callable[[], Any]) -> Any:
    """Wait for something to be there, and return it."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        if (result := found()) is not None:
            return result
        time.sleep(0.5)
    raise AssertionError("it did not come")


@contextmanager
def prefect_server(home: Path) -> Iterator[Prefect]:
    """Start a server whose history is in a folder, and stop it."""
    api = Prefect(free_port())
    command = [sys.executable, "-m", "prefect", "server", "start"]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(api.port)],
            env={**os.environ, "PREFECT_HOME": str(home), "DO_NOT_TRACK": "1"},
            cwd=home,
            stdout=log,
            stderr=log,
        )
    api.server = server

    def healthy() -> bool | None:
        assert server.poll() is None, (home / "log").read_text()
        try:
            return bool(api.call("health"))
        except URLError:
            return None

    try:
        until(healthy)
        yield api
    finally:
        server.terminate()
        server.wait(60)
