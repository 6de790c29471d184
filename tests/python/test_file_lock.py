"""Locks on files: who waits, for how long, and who is named."""

import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sigeti_dwh.errors import UserError
from sigeti_dwh.file_lock import file_lock

HOLD = """
import fcntl, sys
with open(sys.argv[1]) as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held(path: Path) -> Iterator[int]:
    """Let another process hold a file, which it can only read; give its number."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process.pid
        process.stdin.close()


def test_nobody_waits_for_ever_and_the_holder_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    with held(path) as process:
        with pytest.raises(UserError) as told, file_lock(path, seconds=0.1):
            pytest.fail("two have it")
        assert len(str(told.value).splitlines()) <= 3
        if sys.platform == "linux":
            assert f"process {process} (" in str(told.value)
    with file_lock(path, seconds=30):
        pass


def test_only_its_owner_can_open_what_is_locked(tmp_path: Path) -> None:
    before = tmp_path / "of an earlier version"
    before.touch(mode=0o644)
    for path in (before, tmp_path / "new"):
        with file_lock(path):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
