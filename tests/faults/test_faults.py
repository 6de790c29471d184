"""Whatever is killed during a night, readers see whole marts and the next night is right.

FAULTS=20 ./run_tests.sh -k faults injects as many at random moments; FAULTS_SEED repeats them.
"""

import os
import random
import re
import signal
import time
from dataclasses import replace

import pytest

from sigeti_dwh.errors import TimeLimitError
from sigeti_dwh.night.layers import LAYERS
from sigeti_dwh.night.project import Project

from ..python.warehouse import environment
from .faults import FAULTS, kill_flow, kill_server, kill_session, terminate_flow
from .installation import PATIENCE, Installation
from .nights import (
    START,
    WAITING,
    check_end,
    last_run,
    locked,
    next_night,
    readers,
    sessions,
    stopped,
)

NUMBER = int(os.environ.get("FAULTS", "0"))
SEED = int(os.environ.get("FAULTS_SEED", "0"))


@pytest.fixture(scope="module")
def duration(installation: Installation) -> float:
    """Return the seconds that a night takes from the load to its end."""
    installation.warehouse.advance(1)
    with installation.night() as night:
        night.wait_for(START)
        started = time.monotonic()
        assert night.wait() == 0
    return time.monotonic() - started


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


def test_a_night_told_to_end_leaves_nothing_at_work_and_can_be_taken_up(
    installation: Installation,
) -> None:
    installation.warehouse.advance(1)
    with readers(installation), installation.night() as night:
        night.wait_for_layer("dimensions")
        with locked(installation, "dwh_facts.fait_factures") as holder:
            night.wait_until(lambda: holder.execute(WAITING).fetchone() is not None)
            terminate_flow(installation, night)
            assert check_end(installation, night) == 143
            deadline = time.monotonic() + PATIENCE
            while sessions(installation) and time.monotonic() < deadline:
                time.sleep(0.1)
            assert sessions(installation) == 0
        assert last_run(installation)[0] == "interrompue"
        with installation.night("--from-failure") as second:
            assert check_end(installation, second) == 0, second.messages
        assert "taking up after: load, staging, snapshots, dimensions" in second.output
        assert not re.search(r": [1-9]\d* changed rows", second.output)
        assert last_run(installation) == ("réussie", None)
        assert installation.warehouse.differences() == []
        with installation.night("--from-failure") as third:
            assert third.wait() == 1
        assert "There is no failed run to take up" in third.messages


def test_two_nights_never_overlap(installation: Installation) -> None:
    installation.warehouse.advance(1)
    with installation.night() as night:
        with stopped(installation, night, "facts"), installation.night() as second:
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
