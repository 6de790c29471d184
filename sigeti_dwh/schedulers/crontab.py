"""Lines in the user's crontab, each ending by our name; every other line stays as it is."""

import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence

from sigeti_dwh.errors import UserError
from sigeti_dwh.schedulers.jobs import LOG, NAME, Job

KIND = "crontab"
MARK = f"# {NAME}"
SHOWN = 20
"""Lines of the log that cron mails."""


def runs() -> bool:
    """Tell whether there is a crontab."""
    return shutil.which("crontab") is not None


def install(jobs: Sequence[Job], environment: Mapping[str, str]) -> str:
    """Write the lines and return what to know about them."""
    lines = [_line(job, environment) for job in jobs]
    _write([*_others(), *lines])
    return (
        "Lines in your crontab; the machine's cron must be running.\n"
        "What fails, cron mails to you, where the machine can send mail."
    )


def installed() -> list[str]:
    """Return our lines."""
    return [line for line in _read() if line.endswith(MARK)] if runs() else []


def remove() -> bool:
    """Remove our lines; return whether there were any."""
    there = bool(installed())
    if there:
        _write(_others())
    return there


def _line(job: Job, environment: Mapping[str, str]) -> str:
    variables = [f"{name}={shlex.quote(value)}" for name, value in environment.items()]
    log = shlex.quote(str(LOG))
    logged = " ".join([*variables, shlex.join(job.command), f">>{log} 2>&1"])
    # What a job prints is mailed by cron: the end of the log, and only when it failed.
    command = f"{logged} || {{ echo {shlex.quote(job.summary)} failed; tail -n {SHOWN} {log}; }}"
    # To cron a per cent sign is the end of the line.
    escaped = command.replace("%", "\\%")
    return f"{job.schedule.on_machine()} {escaped} {MARK}"


def _others() -> list[str]:
    return [line for line in _read() if not line.endswith(MARK)]


def _read() -> list[str]:
    done = subprocess.run(["crontab", "-l"], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return done.stdout.splitlines()
    # busybox, where there is none, cannot open it.
    if "no crontab" in done.stderr or "can't open" in done.stderr:
        return []
    raise UserError(f"crontab -l failed:\n{done.stderr.strip()}")


def _write(lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    done = subprocess.run(["crontab", "-"], input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UserError(f"crontab refused the lines:\n{done.stderr.strip()}")
