"""Whatever is killed during a night, readers see whole marts and the next night is right.

FAULTS=20 ./run_tests.sh -k faults injects as many at random moments; FAULTS_SEED repeats them.
"""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ..python.warehouse import written
from .faults import FAULTS, kill_flow, kill_server, kill_session
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
        assert code == 1
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
