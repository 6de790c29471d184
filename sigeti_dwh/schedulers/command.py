"""Install, show and remove the schedule of this checkout."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sigeti_dwh.alerts.channels import read_channels
from sigeti_dwh.alerts.managers import read_managers
from sigeti_dwh.errors import UserError
from sigeti_dwh.morning.mailing import read_recipients
from sigeti_dwh.schedulers import crontab, systemd
from sigeti_dwh.schedulers.jobs import LOG, Job, carried_environment, read_jobs
from sigeti_dwh.settings import env_file, read_file, read_variables

SCHEDULERS = (systemd, crontab)


def install(more: Sequence[str] = (), every: int | None = None) -> str:
    """Start the nights by systemd where it runs for the user, else by crontab; tell when.

    `more` names what else is started every day (jobs.MORE), `every` says how many minutes apart the
    source is looked at between nights. What was installed before is replaced.
    Raises UserError when there is neither, and for settings of alerts or report that are of no use.
    """
    variables = read_variables()
    jobs = read_jobs(variables, more, every)
    told_of_failures = _told_of_failures(variables)
    readers = [f"Thresholds: {one.address}:{one.login}" for one in read_managers(variables)]
    readers += [f"Morning report: {reader}" for reader in read_recipients(variables)]
    environment = carried_environment(read_file(env_file()))
    LOG.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for scheduler in SCHEDULERS:
        if scheduler.runs():
            told = scheduler.install(jobs, environment)
            for other in SCHEDULERS:
                if other is not scheduler:
                    other.remove()
            return "\n".join([told, *map(_next, jobs), f"Log: {LOG}", told_of_failures, *readers])
    raise UserError(
        "Neither does systemd run for this user nor is there a crontab here.\n"
        "Install cron, or serve the schedule with Prefect (prefect/README.md)."
    )


def show() -> str:
    """Return what is installed."""
    found = [f"{one.KIND}: {line}" for one in SCHEDULERS for line in one.installed()]
    if not found:
        return "No schedule is installed: ./run_pipeline.sh install-schedule"
    return "\n".join([*found, f"Log: {LOG}"])


def remove() -> str:
    """Remove what is installed, and tell whether something was."""
    removed = [one.KIND for one in SCHEDULERS if one.remove()]
    return f"Removed from {' and '.join(removed)}." if removed else "No schedule was installed."


def _told_of_failures(variables: Mapping[str, str]) -> str:
    channels = read_channels(variables)
    if channels:
        return f"Told of a failure: {', '.join(channel.name for channel in channels)}"
    return (
        "Nobody is told of a failure: set DWH_ALERT_MAIL_TO and DWH_SMTP_HOST, or "
        "DWH_ALERT_WEBHOOKS,\nin .env, and try it: ./run_pipeline.sh alert --test"
    )


def _next(job: Job) -> str:
    following = job.schedule.following(datetime.now(UTC))
    return f"{job.name}: {job.schedule}, next {following:%Y-%m-%d %H:%M %Z}"
