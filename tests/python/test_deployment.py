"""The served schedule, end to end: a Prefect server, the script that serves, the runs it starts."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks.checkout import copy_checkout
from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.night.run_log import RunLog
from sigeti_dwh.schedule import read_schedules
from sigeti_dwh.settings import ROOT

from .conftest import fresh_database
from .prefect_server import Prefect, prefect_server, until
from .receiver import Receiver, receiving
from .warehouse import Warehouse

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LISTS = [
    command.split()
    for command in (
        "flow ls",
        "work-pool ls",
        "work-queue ls",
        "task-run ls",
        "automation ls",
        "artifact ls",
        "block ls",
        "block type ls",
        "variable ls",
        "global-concurrency-limit ls",
    )
]
SCRIPT = Path("prefect", "deployments", "deploy_scheduled.py")
LOOK = "sigeti-dwh-look/look"
COMMAND = "sigeti-dwh-dbt/command"


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prefect]:
    """Start a Prefect server of the module's own."""
    with prefect_server(tmp_path_factory.mktemp("prefect")) as api:
        yield api


@pytest.fixture(scope="module")
def warehouse(
    server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    """Copy the checkout, whose runs write into it, beside two empty databases."""
    folder = copy_checkout(tmp_path_factory.mktemp("checkout"))
    with (
        fresh_database(server, "source") as source,
        fresh_database(server, "warehouse") as target,
    ):
        yield Warehouse(source, target, folder)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as kept:
        yield kept


@pytest.fixture(scope="module")
def served(prefect: Prefect, warehouse: Warehouse, receiver: Receiver) -> Iterator[Prefect]:
    """Serve the schedule from the copied checkout."""
    serve(prefect, warehouse, receiver)
    assert prefect.serving is not None
    serving = prefect.serving

    def says_so() -> bool | None:
        log = (warehouse.folder / "log").read_text()
        assert serving.poll() is None, log
        return "Serving sigeti-dwh/nightly" in log or None

    try:
        until(says_so)
        yield prefect
    finally:
        prefect.serving.terminate()
        prefect.serving.wait(60)


def serve(prefect: Prefect, warehouse: Warehouse, receiver: Receiver) -> None:
    """Start what serves the schedule."""
    variables = warehouse.settings.environment() | {
        "PREFECT_API_URL": prefect.address,
        "PYTHONPATH": str(warehouse.folder),
        "DWH_ENV_FILE": os.devnull,
        "DWH_STATE_DIR": str(warehouse.folder / "state"),
        # At an hour that does not come while the tests run.
        "DWH_LOOK_EVERY": "1h",
        "DWH_LOOK_HOURS": f"{(datetime.now(UTC).hour + 6) % 24}",
        "DWH_ALERT_WEBHOOKS": f"http://127.0.0.1:{receiver.port}/",
    }
    with (warehouse.folder / "log").open("a") as log:
        prefect.serving = subprocess.Popen(
            [sys.executable, str(warehouse.folder / SCRIPT)],
            env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **variables},
            cwd="/",
            stdout=log,
            stderr=log,
        )


def test_what_says_that_it_serves_can_be_started(served: Prefect) -> None:
    """The first test with what serves: soon after, all is there anyway."""
    assert all(map(served.deployment, ("sigeti-dwh/nightly", COMMAND, LOOK)))


def test_the_server_has_the_next_nights_in_its_calendar(served: Prefect) -> None:
    scheduled = {"state": {"type": {"any_": ["SCHEDULED"]}}, "tags": {"all_": ["auto-scheduled"]}}
    deployment = {"id": {"any_": [served.nightly()]}}

    def planned() -> Any:
        runs = served.call(
            "flow_runs/filter",
            flow_runs=scheduled,
            deployments=deployment,
            sort="EXPECTED_START_TIME_ASC",
        )
        return runs or None

    nights, _ = read_schedules({})
    first = datetime.fromisoformat(until(planned)[0]["expected_start_time"])
    assert first == nights.following(datetime.now(UTC))


def test_a_night_that_fails_is_shown_and_told(served: Prefect, receiver: Receiver) -> None:
    run = served.finished(served.start())
    assert run["state_type"] == "FAILED"
    (body,) = until(lambda: [body for _, body in receiver.posts] or None)
    assert body["title"] == "SIGETI DWH: the night failed"
    assert "The source does not fit" in body["message"]


def test_a_night_that_finds_another_one_at_work_is_not_told(
    served: Prefect, warehouse: Warehouse, receiver: Receiver
) -> None:
    warehouse.fill()
    told = list(receiver.posts)
    with RunLog(warehouse.settings):
        run = served.finished(served.start())
    assert run["state_type"] == "FAILED" and "Another run works" in run["state"]["message"]
    assert receiver.posts == told


def test_a_run_starts_shows_its_tasks_and_lets_no_second_one_through(
    served: Prefect, warehouse: Warehouse
) -> None:
    select = {"select": "stg_zones_industrielles", "docs": False}
    runs = [served.start(**select) for _ in range(2)]
    states = {state["id"]: state["state_type"] for state in map(served.finished, runs)}
    assert sorted(states.values()) == ["CANCELLED", "COMPLETED"]
    completed = next(run for run, state in states.items() if state == "COMPLETED")

    shown = {"check connections", "read project", "load", "stg_zones_industrielles", "marts"}

    def all_shown() -> bool | None:
        found = served.call("task_runs/filter", flow_runs={"id": {"any_": [completed]}})
        names = {run["name"] for run in found if run["state_type"] == "COMPLETED"}
        return True if shown <= names else None

    until(all_shown)
    assert warehouse.rows("select count(*) > 0 from dwh_staging.stg_zones_industrielles") == [
        (True,)
    ]


def test_the_commands_of_the_readme_that_look_at_runs_go_well(
    served: Prefect, tmp_path: Path
) -> None:
    text = (ROOT / "prefect" / "README.md").read_text(encoding="utf-8")
    block = text[text.index("    export PREFECT_API_URL") :].split("\n\n")[0]
    commands = [
        line.split("#")[0].split()[1:] for line in block.splitlines() if "bin/prefect" in line
    ]
    assert [command[:2] for command in commands[:4]] == [
        ["deployment", "ls"],
        ["deployment", "run"],
        ["deployment", "run"],
        ["flow-run", "ls"],
    ]
    run = ""
    for command in [*commands, *LISTS]:
        done = subprocess.run(
            [
                Path(sys.executable).with_name("prefect"),
                *(run if word == "ID" else word for word in command),
            ],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "DO_NOT_TRACK": "1",
                "PREFECT_API_URL": served.address,
                "COLUMNS": "200",
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        if command[1] == "run":
            (run,) = set(UUID.findall(done.stdout))
            ended = served.finished(run)
            assert ended["state_type"] == "COMPLETED", ended["state"]["message"]
        elif command == ["deployment", "ls"]:
            assert "sigeti-dwh/nightly" in done.stdout
        elif command[:2] in (["flow-run", "ls"], ["flow-run", "inspect"]):
            assert run in done.stdout


def test_a_look_does_what_has_changed_since_the_night_and_else_nothing(
    served: Prefect, warehouse: Warehouse
) -> None:
    runs = "select count(*), count(*) filter (where options = 'look') from dwh_meta.executions"
    assert served.finished(served.start())["state_type"] == "COMPLETED"
    [(before, looks)] = warehouse.rows(runs)
    assert served.finished(served.start(LOOK))["state_type"] == "COMPLETED"
    assert warehouse.rows(runs) == [(before + 1, looks + 1)]
    warehouse.change("update factures set montant_total = montant_total + 1 where id = 3")
    assert served.finished(served.start(LOOK))["state_type"] == "COMPLETED"
    assert warehouse.rows(
        "select options ~ '^look=True' from dwh_meta.executions order by execution desc limit 1"
    ) == [(True,)]
    assert warehouse.differences() == []
    with RunLog(warehouse.settings):
        assert served.finished(served.start(LOOK))["state_type"] == "COMPLETED"


def test_an_operator_runs_one_dbt_command_beside_no_night(
    served: Prefect, warehouse: Warehouse
) -> None:
    run = served.start(COMMAND, command="test", select="dim_lots")
    ended = served.finished(run)
    assert ended["state_type"] == "COMPLETED", ended["state"]["message"]
    tests = {"continuous_versions_dim_lots_lot_id", "superficie_improbable"}

    def shown() -> bool | None:
        found = served.call("task_runs/filter", flow_runs={"id": {"any_": [run]}})
        return True if all(any(test in one["name"] for one in found) for test in tests) else None

    until(shown)
    refused = {
        "matches nothing": {"select": "dim_lotz"},
        "As in plain dbt": {"select": "--full-refresh"},
    }
    for said, parameters in refused.items():
        ended = served.finished(served.start(COMMAND, command="run", **parameters))
        assert ended["state_type"] == "FAILED" and said in ended["state"]["message"]
    with RunLog(warehouse.settings):
        ended = served.finished(served.start(COMMAND, command="test", select="dim_lots"))
    assert ended["state_type"] == "FAILED"
    assert "Another run works on this warehouse" in ended["state"]["message"]


def test_a_night_killed_with_what_serves_it_is_ended_and_told_by_the_next_that_serves(
    served: Prefect, warehouse: Warehouse, receiver: Receiver
) -> None:
    run = served.start()
    at_work = "select processus from dwh_meta.executions where etat = 'en cours'"
    ((night,),) = until(lambda: warehouse.rows(at_work) or None)
    assert served.serving is not None
    os.kill(served.serving.pid, signal.SIGKILL)
    os.kill(night, signal.SIGKILL)
    served.serving.wait(60)
    assert served.call(f"flow_runs/{run}")["state_type"] == "RUNNING"
    serve(served, warehouse, receiver)
    assert served.finished(run)["state_type"] == "CRASHED"
    told = until(lambda: receiver.posts if "was killed" in str(receiver.posts[-1]) else None)
    assert told[-1][1]["title"] == "SIGETI DWH: the night failed"


def test_a_stop_ends_the_night_and_tells_it(served: Prefect, receiver: Receiver) -> None:
    """The last test with what serves: it is stopped here."""
    run = served.start()
    until(lambda: served.call(f"flow_runs/{run}")["state_type"] == "RUNNING" or None)
    assert served.serving is not None
    served.serving.terminate()
    served.serving.wait(60)
    assert served.finished(run)["state_type"] == "CRASHED"
    assert "was stopped during the night" in receiver.posts[-1][1]["message"]


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "PREFECT_API_URL is not set"),
        ({"PREFECT_API_URL": "http://127.0.0.1:1/api"}, "No Prefect server answers at 127.0.0.1:1"),
        ({"DWH_SCHEDULE": "at two"}, "DWH_SCHEDULE"),
    ],
)
def test_what_is_missing_is_said(variables: dict[str, str], said: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / SCRIPT)],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "DWH_STATE_DIR": str(tmp_path / "state"),
            "DWH_ENV_FILE": os.devnull,
            **variables,
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert said in done.stderr and len(done.stderr.splitlines()) <= 3
