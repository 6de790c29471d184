"""Locks on files, by which one process at a time does something, and nobody waits for ever."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sigeti_dwh.errors import UserError

LOCK_SECONDS = 120.0
POLL_SECONDS = 0.1
KNOWN_LOCKS = Path("/proc/locks")


@contextmanager
def file_lock(path: Path, seconds: float | None = None) -> Iterator[None]:
    """Hold a file locked, that nobody else may open, after waiting at most some seconds.

    Raises UserError that names who holds it, OSError when the file cannot be made.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # Of an earlier version, when whoever could read it could also lock it.
        with suppress(PermissionError):
            os.fchmod(descriptor, 0o600)
        _wait(descriptor, path, LOCK_SECONDS if seconds is None else seconds)
        yield
    finally:
        os.close(descriptor)


def _wait(descriptor: int, path: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise UserError(
                    f"{path} has been locked for {seconds:.0f} seconds by {_holder(descriptor)}.\n"
                    "Wait for its end, or end it, and run again."
                ) from None
        time.sleep(POLL_SECONDS)


def _holder(descriptor: int) -> str:
    """Return which process holds the lock, as far as Linux tells it."""
    wanted = str(os.fstat(descriptor).st_ino)
    with suppress(OSError, IndexError):
        for line in KNOWN_LOCKS.read_text(encoding="ascii").splitlines():
            # 1: FLOCK  ADVISORY  WRITE 4711 08:01:1310734 0 EOF
            words = line.split()
            if words[1] == "FLOCK" and words[5].rpartition(":")[2] == wanted:
                return f"process {words[4]}{_command(words[4])}"
    return "another process"


def _command(process: str) -> str:
    with suppress(OSError):
        words = Path("/proc", process, "cmdline").read_bytes().replace(b"\0", b" ")
        return f" ({' '.join(words.decode(errors='replace').split())[:80]})"
    return ""
