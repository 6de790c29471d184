"""Timers of the user's own systemd: no root is needed, and a night slept through is run late."""

import getpass
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from sigeti_dwh.errors import UserError
from sigeti_dwh.schedulers.jobs import LOG, NAME, Job

KIND = "systemd"

# KillMode: the embedded PostgreSQL that a night starts stays for those who read.
SERVICE = """\
# Written by run_pipeline.sh install-schedule.
[Unit]
Description={summary}

[Service]
Type=oneshot
{environment}ExecStart={command}
StandardOutput=append:{log}
StandardError=inherit
KillMode=process
"""
TIMER = """\
# Written by run_pipeline.sh install-schedule.
[Unit]
Description={summary}

[Timer]
{calendar}
Persistent=true

[Install]
WantedBy=timers.target
"""


def runs() -> bool:
    """Tell whether systemd runs for this user."""
    return shutil.which("systemctl") is not None and _systemctl("show", "--property=Version")[0]


def install(jobs: Sequence[Job], environment: Mapping[str, str]) -> str:
    """Write the units, start the timers, and return what to know about them."""
    remove()
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    for job in jobs:
        for path, text in _units(folder, job, environment).items():
            path.write_text(text, encoding="utf-8")
    timers = [f"{_unit(job.name)}.timer" for job in jobs]
    for words in (["daemon-reload"], ["enable", *timers], ["restart", *timers]):
        done, said = _systemctl(*words)
        if not done:
            raise UserError(f"systemctl --user {words[0]} failed:\n{said}")
    lines = [f"Timers of systemd: {', '.join(timers)}"]
    if not _lingers():
        lines.append(
            "They rest while you are logged out, until an administrator says: "
            f"loginctl enable-linger {getpass.getuser()}"
        )
    return "\n".join(lines)


def installed() -> list[str]:
    """Return our timers, with their times."""
    return [
        f"{path.name}: {line}"
        for path in _files()
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith("OnCalendar=")
    ]


def remove() -> bool:
    """Stop the timers and remove their files; return whether there were any."""
    files = _files()
    timers = [path.name for path in files if path.suffix == ".timer"]
    if timers:
        _systemctl("disable", "--now", *timers)
    for path in files:
        path.unlink()
    if files:
        _systemctl("daemon-reload")
    return bool(files)


def _units(folder: Path, job: Job, environment: Mapping[str, str]) -> dict[Path, str]:
    variables = "".join(
        f"Environment={_quoted(f'{name}={value}')}\n" for name, value in environment.items()
    )
    command = " ".join(map(_quoted, job.command))
    calendar = "\n".join(f"OnCalendar={moment}" for moment in job.schedule.calendar())
    service = SERVICE.format(
        summary=job.summary,
        environment=variables,
        command=command,
        log=str(LOG).replace("%", "%%"),
    )
    return {
        folder / f"{_unit(job.name)}.service": service,
        folder / f"{_unit(job.name)}.timer": TIMER.format(summary=job.summary, calendar=calendar),
    }


def _unit(job: str) -> str:
    return f"{NAME}-{job}"


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _files() -> list[Path]:
    return sorted(_folder().glob(f"{NAME}-*"))


def _folder() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "systemd" / "user"


def _lingers() -> bool:
    """Let the user's systemd start with the machine; return whether it does."""
    try:
        done = subprocess.run(["loginctl", "enable-linger"], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def _systemctl(*words: str) -> tuple[bool, str]:
    done = subprocess.run(
        ["systemctl", "--user", *words], capture_output=True, text=True, check=False
    )
    return done.returncode == 0, (done.stderr or done.stdout).strip()
