"""What is to be started, and with what environment."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sigeti_dwh.errors import UserError
from sigeti_dwh.schedule import Schedule, read_looks, read_schedule
from sigeti_dwh.settings import FORMER_NAME, ROOT, STATE

NAME = f"sigeti-dwh-{hashlib.sha256(os.fsencode(ROOT)).hexdigest()[:8]}"
"""Ours, and no other checkout's."""
LOG = STATE / "logs" / "night.log"
LOG_BYTES = 5_000_000
# What a run reads from its environment alone, and would miss in that of systemd or cron.
HERE_ALONE = "DWH_LOGIN_PASSWORD"
MORE = ("backup", "monitor")
"""What is started every day as well when it is asked for."""
CARRIED = ("DWH_STATE_DIR", "DWH_ENV_FILE", "DWH_POSTGRES_BIN", "PREFECT_API_URL", "PREFECT_HOME")


@dataclass(frozen=True)
class Job:
    """One command that is started at its time."""

    name: str
    summary: str
    schedule: Schedule
    command: Sequence[str]
    """The program and its arguments."""


def read_jobs(
    variables: Mapping[str, str], more: Sequence[str] = (), every: int | None = None
) -> list[Job]:
    """Return the night, the look whether one ended well, and those of MORE that are asked for.

    With `every`, or DWH_LOOK_EVERY, also looks at the source, so many minutes apart.
    """
    pipeline = str(ROOT / "run_pipeline.sh")
    monitor = [str(ROOT / ".venv" / "bin" / "python"), str(ROOT / "monitor_dwh.py")]
    if variables.get("DWH_ALERT_MAIL_TO", "").strip():
        monitor.append("--mail")

    def job(name: str, summary: str, setting: str, *command: str) -> Job:
        return Job(name, f"SIGETI DWH: {summary}", read_schedule(variables, setting), command)

    jobs = [
        job("night", "the night", "DWH_SCHEDULE", pipeline),
        job("freshness", "has a night ended well?", "DWH_FRESHNESS_CHECK", pipeline, "alert"),
        job("backup", "the backup", "DWH_BACKUP_SCHEDULE", pipeline, "backup", "--alert"),
        job("monitor", "the monitor", "DWH_MONITOR_SCHEDULE", *monitor),
    ]
    looks = read_looks(variables, every)
    if looks is not None:
        summary = "SIGETI DWH: what has changed since the night"
        jobs.append(Job("look", summary, looks, [pipeline, "--look"]))
    return [one for one in jobs if one.name not in MORE or one.name in more]


def carried_environment(file: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a job needs from here; `file` holds those it finds in .env.

    Raises UserError for a setting that is in the environment of this shell alone.
    """
    stray = sorted(
        name
        for name, value in os.environ.items()
        if name.startswith(("SOURCE_DB_", "DWH_", FORMER_NAME))
        and name not in (*CARRIED, HERE_ALONE)
        and value != file.get(name, "")
    )
    if stray:
        raise UserError(
            f"{', '.join(stray)}: set in this shell, where a scheduled run does not see it.\n"
            "Write it to .env, or unset it, and install the schedule again."
        )
    return {name: os.environ[name] for name in CARRIED if os.environ.get(name)}


def shorten_log(log: Path = LOG, limit: int = LOG_BYTES) -> None:
    """Put a log that has grown over the limit aside, in place of the one put aside before.

    It is emptied and not renamed: who started this run appends to it.
    """
    if log.exists() and log.stat().st_size > limit:
        log.with_suffix(".1.log").write_bytes(log.read_bytes())
        os.truncate(log, 0)
