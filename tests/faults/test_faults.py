"""Whatever is killed during a night, readers see whole marts and the next night is right.

FAULTS=20 ./run_tests.sh -k faults injects as many at random moments; FAULTS_SEED repeats them.
"""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from sigeti_dwh.errors import TimeLimitError
from sigeti_dwh.layers import LAYERS
from sigeti_dwh.project import Project

from ..python.warehouse import environment, written
from .faults import FAULTS, SESSIONS, kill_flow, kill_server, kill_session, terminate_flow
from .installation import Installation, Night
from .reader import Reader, strange

NUMBER = int(os.environ.get("FAULTS", "0"))
SEED = int(os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(10**6))
# Before it only imports and a parse, which cost half of a small night.
START = "project:"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Install the project, fill its source and let a first night pass."""
    installation = Installation(tmp_path_factory.mktemp("installation"))
    installation.warehouse.fill()
    installation.warehouse.run()
    yield installation
    installation.server.stop()


@pytest.fixture(scope="module")
def duration(installation: Installation) -> float:
    """Return the seconds that a night takes from the load to its end."""
    installation.warehouse.advance(1)
    with installation.night() as night:
        night.wait_for(START)
        started = time.monotonic()
        assert night.wait() == 0
    return time.monotonic() - started


def check_end(installation: Installation, night: Night) -> int:
    """Check what a night that had a fault says of itself; return its exit code."""
    code = night.wait()
    assert "Traceback" not in night.output + night.messages
    if code == 0:
        assert "Done in" in night.output
        assert installation.last_state() == "COMPLETED"
    else:
        assert installation.last_state() != "COMPLETED"
        assert "Done in" not in night.output
    if code > 0:
        assert code in (1, 143)
        assert 1 <= len(night.messages.splitlines()) <= 3, night.messages
        assert "Unexpected" not in night.messages
    return code


def next_night(installation: Installation, reader: Reader) -> None:
    """Let the next night pass, which starts the server when it is down; check what it leaves."""
    with installation.night() as night:
        night.wait_for(START)
        reader.may_lose_connection = False
        assert check_end(installation, night) == 0, night.messages
    assert installation.warehouse.differences() == []
    assert written(installation.warehouse.build(full_refresh=True)) == {}


@contextmanager
def readers(installation: Installation) -> Iterator[Reader]:
    """Let somebody read all the while; check that the marts were always whole."""
    before = installation.marts()
    with Reader(installation.warehouse.settings.warehouse) as reader:
        yield reader
    after = installation.marts()
    assert reader.troubles == []
    assert reader.seen >= {before, after} and before != after
    assert strange(reader.seen, before, after) == []


def test_everything_is_killed_in_one_night(installation: Installation) -> None:
    installation.warehouse.advance(3)
    with readers(installation) as reader, installation.night() as night:
        night.wait_for_layer("dimensions")
        reader.may_lose_connection = True
        kill_session(installation, night)
        night.wait_for_layer("facts")
        kill_flow(installation, night)
        kill_server(installation, night)
        assert check_end(installation, night) == -signal.SIGKILL
        next_night(installation, reader)


@pytest.mark.skipif(NUMBER == 0, reason="FAULTS=20 runs that many")
@pytest.mark.parametrize("number", range(NUMBER or 1), ids=lambda number: f"seed {SEED} {number}")
def test_a_fault_at_a_random_moment(
    installation: Installation, duration: float, number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    name, fault = list(FAULTS.items())[number % len(FAULTS)]
    moment = duration * random.Random(f"{SEED} {number}").random()
    installation.warehouse.advance(1)
    with readers(installation) as reader, installation.night() as night:
        night.wait_for(START)
        night.wait_until(lambda: False, moment)
        reader.may_lose_connection = fault.server_goes_down
        during = night.output.splitlines()[-1].split(":")[0]
        fault.inject(installation, night)
        code = check_end(installation, night)
        next_night(installation, reader)
    outcome = f"exit code {code}, {night.output.count('Trying again')} retries"
    with capsys.disabled():
        print(f"\n{name} {moment:.1f} s after {START!r}, after {during!r}: {outcome}", end="")


@contextmanager
def locked(installation: Installation, table: str) -> Iterator[None]:
    """Keep a table from everybody else."""
    with installation.connect() as connection, connection.transaction():
        connection.execute(f"lock table {table} in access exclusive mode")  # type: ignore[arg-type]
        yield


def sessions(installation: Installation) -> int:
    with installation.connect() as connection:
        row = connection.execute(f"select count(*) from ({SESSIONS}) as s").fetchone()  # type: ignore[arg-type]
    assert row is not None
    return int(row[0])


def last_run(installation: Installation) -> tuple[str, str | None]:
    """Return state and message of the last run in the warehouse's own record."""
    with installation.connect() as connection:
        row = connection.execute(
            "select etat, message from dwh_meta.executions order by execution desc limit 1"
        ).fetchone()
    assert row is not None
    return row


def test_a_night_told_to_end_leaves_nothing_at_work_and_can_be_taken_up(
    installation: Installation,
) -> None:
    installation.warehouse.advance(1)
    with readers(installation), installation.night() as night:
        night.wait_for_layer("dimensions")
        with locked(installation, "dwh_facts.fait_factures"):
            time.sleep(1)
            terminate_flow(installation, night)
            assert check_end(installation, night) == 143
            deadline = time.monotonic() + 20
            while sessions(installation) and time.monotonic() < deadline:
                time.sleep(0.1)
            assert sessions(installation) == 0
        assert last_run(installation)[0] == "interrompue"
        with installation.night("--from-failure") as second:
            assert check_end(installation, second) == 0, second.messages
        assert "taking up after: load, staging, snapshots, dimensions" in second.output
        assert "changed rows" not in second.output
        assert last_run(installation) == ("réussie", None)
        assert installation.warehouse.differences() == []
        with installation.night("--from-failure") as third:
            assert third.wait() == 1
        assert "There is no failed run to take up" in third.messages


def test_two_nights_never_overlap(installation: Installation) -> None:
    with installation.night() as night:
        night.wait_for(START)
        with installation.night() as second:
            assert second.wait() == 4
        assert "Another run works on this warehouse since" in second.messages
        assert night.wait() == 0, night.messages


def test_a_layer_that_takes_too_long_is_ended(installation: Installation) -> None:
    installation.warehouse.advance(1)
    installation.warehouse.load()
    short = replace(installation.warehouse.settings, layer_minutes=0.05)
    with environment(), locked(installation, "dwh_facts.fait_factures"):
        project = Project(short, folder=installation.folder, report=installation.lines.append)
        with pytest.raises(TimeLimitError, match="facts was ended after"):
            project.build(LAYERS[3])
        assert sessions(installation) == 0
    installation.warehouse.run()
    assert installation.warehouse.differences() == []
