"""Whether a process of the embedded server is there, answering or not."""

import subprocess
import sys
from pathlib import Path


def running_port(data: Path) -> int | None:
    """Return the port of a data folder's server, None when there is only a dead one's file."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        process, port = int(lines[0]), int(lines[3])
    except (FileNotFoundError, ValueError, IndexError):
        return None
    return port if f"-D {data}" in command_line(process) else None


def command_line(process: int) -> str:
    """Return a process's command line: its number may by now be that of another program."""
    if sys.platform == "linux":
        # Any user may read this one, unlike `cwd` or `exe`; a zombie's is empty.
        try:
            return Path(f"/proc/{process}/cmdline").read_text(errors="replace").replace("\0", " ")
        except (FileNotFoundError, ProcessLookupError):
            return ""
    command = ["ps", "-ww", "-o", "command=", "-p", str(process)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout
