"""A process that takes all the memory it may ends, whatever it waits for."""

import subprocess
import sys
from pathlib import Path

from sigeti_dwh.memory import no_memory

WAITS_FOR_EVER = """
import resource, sys, threading
from pathlib import Path
from sigeti_dwh.memory import LEAST, RESERVE, taken, ended_without_memory

limit = taken("VmSize") + RESERVE + 4 * LEAST
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
with ended_without_memory(Path(sys.argv[1]).write_text):
    kept = []
    try:
        while True:
            kept.append(bytearray(1 << 20))
    except MemoryError:
        threading.Event().wait()
"""


def test_a_process_without_memory_ends_and_tells_why(tmp_path: Path) -> None:
    told = tmp_path / "told"
    ended = subprocess.run(
        [sys.executable, "-c", WAITS_FOR_EVER, str(told)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("No memory is left for this run. ulimit -v allows it ")
    assert ended.stderr == f"{told.read_text()}\n"


def test_only_an_error_for_want_of_memory_is_told_as_one() -> None:
    assert no_memory(ValueError()) is None
    assert str(no_memory(MemoryError())).startswith("No memory is left for this run. ")
