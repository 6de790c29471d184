"""What a flow needs around it: an environment for Prefect and dbt, and a Prefect API to talk to."""

import gc
import importlib.util
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen
from uuid import UUID

from sigeti_dwh.errors import UserError
from sigeti_dwh.folders import no_space
from sigeti_dwh.settings import ROOT, STATE, env_file, read_file

if TYPE_CHECKING:
    import uvicorn

FLOW = ROOT / "prefect" / "flows" / "sigeti_dwh_flow.py"
PREFECT_ENVIRONMENT = {
    "PREFECT_HOME": str(STATE / "prefect"),
    # Nothing phones home. The SDK's own analytics look at DO_NOT_TRACK alone.
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # The console is ours; the API has every line.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_INTERNAL_LEVEL": "CRITICAL",
    # A server that is lost is done without: each request to it would be tried for a minute.
    "PREFECT_CLIENT_MAX_RETRIES": "1",
    # For the temporary server only. Registering blocks makes it import every Prefect collection;
    # task runs are recorded by the hundred; nobody looks at events and automations there.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
    "PREFECT_SERVER_MEMOIZE_BLOCK_AUTO_REGISTRATION": "false",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_SERVER_EVENTS_STREAM_OUT_ENABLED": "false",
}
START_PREFECT = (
    "Start one: PREFECT_HOME=$PWD/.dwh/prefect .venv/bin/prefect server start\n"
    "Its address is PREFECT_API_URL=http://127.0.0.1:4200/api"
)
ANSWER_SECONDS = 10.0
BUSY_RETRIES = 5
"""Of requests to the temporary server, which is there for as long as this process, if busy."""
FLUSH_SECONDS = 1.2
START_SECONDS = 120.0
STOP_SECONDS = 20.0


def prepare_process() -> None:
    """Set what Prefect and dbt read when they are imported; what is set already stays."""
    # They make objects by the million that stay: collecting at every 700 costs a fifth of a night.
    gc.set_threshold(50_000)
    # Prefect itself reads the .env of the current folder only. The first step tells what is wrong
    # with the file.
    with suppress(UserError):
        for name, value in read_file(env_file()).items():
            if name.startswith("PREFECT_") and value:
                os.environ.setdefault(name, value)
    for name, value in PREFECT_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    Path(os.environ["PREFECT_HOME"]).mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        Path.home()
    except RuntimeError:
        # A user without an entry in passwd and without HOME: dbt asks for a home when imported.
        os.environ["HOME"] = str(STATE)


def import_flow() -> ModuleType:
    """Import the flow by its path: prefect/ is a folder of ours and not a package."""
    specification = importlib.util.spec_from_file_location(FLOW.stem, FLOW)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[FLOW.stem] = module
    specification.loader.exec_module(module)
    return module


def require_prefect_server() -> None:
    """Check that the Prefect server in force answers.

    Raises UserError when none is set, or none answers there.
    """
    from prefect.settings import PREFECT_API_URL

    api = PREFECT_API_URL.value()
    if not api:
        raise UserError(f"PREFECT_API_URL is not set, in the environment or .env.\n{START_PREFECT}")
    if trouble := _trouble(api):
        raise UserError(f"{trouble}\n{START_PREFECT}")


@contextmanager
def prefect_api(*, temporary: bool = False) -> Iterator[None]:
    """Give the flows run inside an API: the server of PREFECT_API_URL, else a temporary one.

    A server that does not answer does not keep the night from running: it says so, and goes on with
    a temporary one.

    The temporary server is a thread of this process and keeps its history in PREFECT_HOME. Prefect
    would start a process of its own: it costs 2 CPU seconds more, outlives a kill -9 of the flow,
    and loses, when it is stopped, the task runs that it has not yet recorded.

    Raises UserError when it does not start; httpx.HTTPError when the server is lost meanwhile.
    """
    from prefect.settings import (
        PREFECT_API_URL,
        PREFECT_CLIENT_MAX_RETRIES,
        temporary_settings,
    )

    try:
        wanted = None if temporary else PREFECT_API_URL.value()
        trouble = _trouble(wanted) if wanted else None
        if wanted and not trouble:
            yield
            return
        if trouble:
            print(f"{trouble} This run's history stays on this machine.", flush=True)
        with (
            _temporary_server() as api,
            temporary_settings({PREFECT_API_URL: api, PREFECT_CLIENT_MAX_RETRIES: BUSY_RETRIES}),
        ):
            started = datetime.now(UTC)
            try:
                yield
            finally:
                try:
                    _record(api, started)
                except OSError as error:
                    print(f"Prefect's history of this run may be incomplete: {error}")
    finally:
        # The interpreter's end would walk through them all again.
        gc.freeze()


def run_by_path(flow: Callable[[], None]) -> int:
    """Run a flow of prefect/flows, started as a script, inside an API; return its exit code."""
    try:
        with prefect_api():
            flow()
    except UserError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    return 0


def give_up_server() -> None:
    """Stop sending what is still to be sent to a Prefect server that was lost.

    Its events would each be tried for seconds, and those of the next server wait behind them.
    """
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    APILogWorker.drain_all(timeout=0)
    EventsWorker.drain_all(timeout=0)


def end_killed(flow_runs: Sequence[str]) -> None:
    """End in Prefect the runs that were killed, which it would show as running for good.

    One that it does not know, of another server's history, is left out.
    """
    if not flow_runs:
        return
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound
    from prefect.states import Crashed

    with get_client(sync_client=True) as client:
        for one in flow_runs:
            with suppress(ObjectNotFound):
                known = client.read_flow_run(UUID(one))
                if known.state is not None and not known.state.is_final():
                    client.set_flow_run_state(
                        known.id, Crashed(message="The night was killed."), force=True
                    )


def _trouble(api: str) -> str | None:
    """Return why a Prefect server cannot be used, without the password its address may hold."""
    try:
        with urlopen(f"{api.rstrip('/')}/health", timeout=ANSWER_SECONDS) as answer:
            answer.read()
    except (OSError, ValueError, HTTPException) as error:
        host = urlsplit(api).netloc.rpartition("@")[2]
        return f"No Prefect server answers at {host} (PREFECT_API_URL): {error}."
    return None


@contextmanager
def _temporary_server() -> Iterator[str]:
    """Run Prefect's server in a thread, on a free port of this machine; yield the API's address."""
    import uvicorn
    from prefect.server.api.server import create_app

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        app = create_app(ephemeral=True, ignore_cache=True)
        server = uvicorn.Server(uvicorn.Config(app, lifespan="on", log_config=None))
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            _wait_until_started(server, thread)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/api"
        finally:
            server.should_exit = True
            thread.join(STOP_SECONDS)


def _wait_until_started(server: "uvicorn.Server", thread: Thread) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            home = os.environ["PREFECT_HOME"]
            failure = UserError(
                f"Prefect's temporary server did not start on the history in {home}.\n"
                "Why: PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL=ERROR ./run_pipeline.sh\n"
                "Removing that folder helps when it is damaged; only past runs are lost."
            )
            raise no_space() or failure
        time.sleep(0.02)


def _record(api: str, started: datetime) -> None:
    """Wait until the server has written down all that the runs since a moment have sent it."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    APILogWorker.drain_all(timeout=STOP_SECONDS)
    EventsWorker.drain_all(timeout=STOP_SECONDS)
    deadline = time.monotonic() + STOP_SECONDS
    before, since = -1, 0.0
    while (now := time.monotonic()) < deadline:
        recorded = _count(api, started, ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"])
        going_on = _count(api, started, ["SCHEDULED", "PENDING", "RUNNING"])
        if recorded != before:
            before, since = recorded, now
        elif not going_on and now - since > FLUSH_SECONDS:
            return
        time.sleep(0.2)


def _count(api: str, started: datetime, states: list[str]) -> int:
    wanted: dict[str, Any] = {
        "state": {"type": {"any_": states}},
        "expected_start_time": {"after_": started.isoformat()},
    }
    request = Request(
        f"{api}/task_runs/count",
        data=json.dumps({"task_runs": wanted}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urlopen(request, timeout=STOP_SECONDS) as answer:
        return int(answer.read())
