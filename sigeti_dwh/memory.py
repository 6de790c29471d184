"""The memory that a run may use, and its end when none is left (`ulimit -v`).

A thread that gets no memory dies before it has told that it began, and whoever started it waits for
it for ever: neither an exception nor a signal ends that.
"""

import os
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from mmap import mmap
from pathlib import Path
from threading import Event, Thread

from sigeti_dwh.errors import UserError

NEEDED = 800
"""Megabytes of addresses, somewhat more than a night of the demo takes."""
RESERVE = 32 << 20
LEAST = 8 << 20
"""What a new thread takes."""
WAIT_SECONDS = 0.5
STATUS = Path("/proc/self/status")


def no_memory(error: BaseException | None = None) -> UserError | None:
    """Return the error for a run without memory; None for an error that has another cause.

    Whoever gets none seldom says so: any error is told as that when what a process may take had
    been taken, as far as the system tells it.
    """
    limit = _limit()
    if not (isinstance(error, MemoryError) or (limit and limit - taken("VmPeak") < RESERVE)):
        return None
    which = f"ulimit -v allows it {limit >> 10} kB. " if limit else ""
    return UserError(
        f"No memory is left for this run. {which}A small night takes {NEEDED} MB.\n"
        "Allow more, or end what else takes memory, and run again."
    )


@contextmanager
def ended_without_memory(tell: Callable[[str], None]) -> Iterator[None]:
    """End this process by exit code 1 when the block has taken all the memory it may.

    `tell` is called with the reason before, in another thread. Nothing is watched where nothing
    limits the memory of a process, or the system does not tell how much it takes.
    """
    limit = _limit()
    if not limit or not STATUS.exists():
        yield
        return
    over = Event()
    reserve = mmap(-1, RESERVE)
    watch = Thread(target=_watch, args=[limit, over, reserve, tell], daemon=True)
    watch.start()
    try:
        yield
    finally:
        over.set()
        watch.join()


def taken(which: str) -> int:
    """Return how many bytes of addresses this process has (VmSize) or once had (VmPeak)."""
    for line in STATUS.read_text(encoding="ascii").splitlines() if STATUS.exists() else ():
        if line.startswith(which):
            return int(line.split()[1]) << 10
    return 0


def _watch(limit: int, over: Event, reserve: mmap, tell: Callable[[str], None]) -> None:
    while limit - taken("VmSize") > LEAST:
        if over.wait(WAIT_SECONDS):
            return
    try:
        reserve.close()
        reason = str(no_memory())
        print(reason, file=sys.stderr, flush=True)
        tell(reason)
    finally:
        os._exit(1)


def _limit() -> int:
    """Return how many bytes of addresses this process may have, 0 without a limit."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return 0 if limit == resource.RLIM_INFINITY else limit
