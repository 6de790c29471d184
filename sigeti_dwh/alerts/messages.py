"""What those who are told read: what happened, why, and what to do next."""

import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sigeti_dwh.settings import MADE, ROOT, STATE

Kind = Literal["failure", "missed", "recovery", "report", "test", "threshold", "respected"]


@dataclass(frozen=True)
class Message:
    """One alert."""

    kind: Kind
    title: str
    body: str
    told: str = "all"
    """By which channels: all, mail, webhooks, or the address of a zone manager."""

    def __str__(self) -> str:
        """Show it as it is read."""
        return f"{self.title}\n\n{self.body}"


def failure(cause: str, last_good: datetime | None, look: bool = False) -> Message:
    """Return the message of a night that failed, or of a look at the source between nights."""
    return Message(
        "failure",
        f"SIGETI DWH: {'a look between nights' if look else 'the night'} failed",
        f"{cause}\n\n{_standing(last_good)}\n"
        f"Next step: correct the cause, then {_again()}\n"
        f"More: {MADE / 'logs' / 'dbt.log'} and {STATE / 'logs'}",
    )


def backup_failure(cause: str) -> Message:
    """Return the message of a backup that could not be made, or not be restored."""
    return Message(
        "failure",
        "SIGETI DWH: the backup failed",
        f"{cause}\n\nThe backups made before are still there.\n"
        f"Next step: correct the cause, then {_again()} backup\n"
        f"More: {STATE / 'logs'}",
    )


def report_failure(cause: str) -> Message:
    """Return the message of a morning report that could not be made."""
    return Message(
        "failure",
        "SIGETI DWH: the morning report failed",
        f"{cause}\n\nThe marts are published; the report is still the one before.\n"
        f"Next step: correct the cause, then {_again()} report",
    )


def report_unsent(cause: str) -> Message:
    """Return the message of a morning report that some of its readers have not got."""
    return Message(
        "failure",
        "SIGETI DWH: the morning report was not sent to all",
        f"{cause}\n\nThe marts are published; the next run sends it to those who have not got it.\n"
        f"Next step: correct the cause, then {_again()} report --mail",
    )


def managers_untold(cause: str) -> Message:
    """Return the message of zone managers who cannot be told, to those of the site."""
    return Message(
        "failure",
        "SIGETI DWH: some zone managers are not told",
        f"{cause}\n\nWhat their zones have crossed they are told once the setting is right.\n"
        f"Next step: correct it in .env, then {_again()} alert --dry-run",
    )


def left_out(nodes: list[str]) -> Message:
    """Return the message of a run of all nodes that found what the nights had left out."""
    return Message(
        "failure",
        "SIGETI DWH: nights had left out what had to be done",
        "The weekly run of all nodes found:\n"
        + "\n".join(f"- {node}" for node in nodes)
        + "\n\nThe marts are right now. Rows changed by hand look so, and so does a fault of this "
        "software.\nNext step: if nobody changed rows by hand, tell who maintains it; until then "
        f"{_again()} --all-nodes",
    )


def missed(due: datetime, last_good: datetime | None) -> Message:
    """Return the message of a night that has not ended well since its time."""
    return Message(
        "missed",
        "SIGETI DWH: the figures are not fresh",
        f"A night was due at {_minute(due)}, and none has ended well since.\n\n"
        f"{_standing(last_good)}\n"
        "Next step: see whether it still runs, or was never started "
        "(./run_pipeline.sh install-schedule --show);\n"
        f"if neither helps, {_again()}",
    )


def recovery(since: datetime, last_good: datetime) -> Message:
    """Return the message of a night that ended well after others had not."""
    return Message(
        "recovery",
        "SIGETI DWH: right again",
        f"The run that ended at {_minute(last_good)} went through: the marts are those of it.\n"
        f"Something had been wrong since {_minute(since)}.\n\nNext step: none.",
    )


def crossed(lines: list[str], told: str) -> Message:
    """Return the message of thresholds that are crossed, to readers of the marts."""
    return Message(
        "threshold",
        "SIGETI : seuil franchi",
        "\n".join(lines) + "\n\nAnnoncé une fois ; un message dira quand le seuil est respecté.",
        told,
    )


def respected(lines: list[str], told: str) -> Message:
    """Return the message of thresholds that are no longer crossed."""
    return Message("respected", "SIGETI : seuil de nouveau respecté", "\n".join(lines), told)


def test() -> Message:
    """Return a message that tries the channels."""
    return Message(
        "test",
        "SIGETI DWH: a test",
        f"Alerts from {socket.gethostname()} arrive here.\n\nNext step: none.",
    )


def _standing(last_good: datetime | None) -> str:
    if last_good is None:
        return "No run is known to have ended well here."
    return f"The last run that ended well: {_minute(last_good)}."


def _again() -> str:
    return f"on {socket.gethostname()}: {ROOT / 'run_pipeline.sh'}"


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
