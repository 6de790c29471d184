"""The ends of nights, and what is told of them. Nothing here ever fails a night."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sigeti_dwh.alerts.channels import Channel, read_channels, redacted, secrets
from sigeti_dwh.alerts.incidents import Incidents, kept_in
from sigeti_dwh.alerts.managers import unseeing, usable_managers, zones_of
from sigeti_dwh.alerts.messages import Message, backup_failure, left_out
from sigeti_dwh.alerts.thresholds import TOLD, measure
from sigeti_dwh.errors import NoNightError, UserError
from sigeti_dwh.folders import words
from sigeti_dwh.readers.published import published_marts
from sigeti_dwh.schedule import read_schedules
from sigeti_dwh.settings import ROOT, STATE, Settings, read_variables
from sigeti_dwh.warehouse.database import connect

KEPT = STATE / "alerts.json"
NOBODY = "Nobody is told: set DWH_ALERT_MAIL_TO or DWH_ALERT_WEBHOOKS in .env."


@contextmanager
def night(whole: bool = True, look: bool = False) -> Iterator[None]:
    """Tell how the night or look inside ended, unless it is only a part of one."""
    try:
        yield
    except NoNightError:
        # A night that is at work tells its own end.
        raise
    except Exception as error:
        if whole:
            night_ended(words(error), look)
        raise
    if whole:
        night_ended()


def night_ended(cause: str | None = None, look: bool = False) -> None:
    """Tell, if there is something to tell, that a night or look ended: well, or for a cause.

    What goes wrong in that is said on stderr and never raised.
    """
    now = datetime.now(UTC)
    if cause is None:
        _tell(lambda known: known.ended_well(now))
    else:
        _tell(lambda known: known.failed(now, cause, look))


def check_freshness() -> None:
    """Tell, once, that no night has ended well since the last one was due.

    Raises UserError for a schedule that cannot be used, and each time when nobody would be told.
    """
    now = datetime.now(UTC)
    variables = read_variables()
    nights, _ = read_schedules(variables)
    due = nights.latest(now)
    late: list[Message] = []

    def note(known: Incidents) -> None:
        known.checked(now, due)
        late.extend(known.unsent)

    _tell(note)
    if late and not read_channels(variables):
        raise UserError(f"{late[0].body.splitlines()[0]}\n{NOBODY}")


def left_out_wrongly(nodes: list[str]) -> None:
    """Tell what the nights before had left out and a run of all nodes found; never raises."""
    tell(left_out(nodes))


def published(settings: Settings, root: Path = ROOT) -> None:
    """Tell which thresholds the marts have crossed, or respect again; never raises."""
    try:
        named, wrong = usable_managers(read_variables())
        with published_marts(settings) as marts:
            values = measure(marts, root)
        with connect(settings.warehouse) as connection:
            managers = zones_of(connection, named)
        wrong += unseeing(managers)
    except Exception as error:
        print(f"Alerts: the thresholds could not be measured: {error}", file=sys.stderr)
        return
    for one in wrong:
        print(f"Alerts: a zone manager is not told: {one}", file=sys.stderr)
    if values:
        _tell(lambda known: known.measured(values, managers, wrong))


@contextmanager
def backup() -> Iterator[None]:
    """Tell, each time, that the backup inside failed."""
    try:
        yield
    except Exception as error:
        tell(backup_failure(str(error)))
        raise


def tell(message: Message) -> None:
    """Send a message now and each time; never raises."""
    try:
        variables = read_variables()
        send(message, read_channels(variables), secrets(variables))
    except UserError as refused:
        print(f"Alerts: not sent: {refused}", file=sys.stderr)


def _tell(note: Callable[[Incidents], None]) -> None:
    try:
        with kept_in(KEPT) as known:
            note(known)
            known.unsent = _unsent(known)
    except Exception as error:
        print(f"Alerts: what was told could not be kept in {KEPT}: {error}", file=sys.stderr)


def _unsent(known: Incidents) -> list[Message]:
    """Send what is to be told; return what no channel took, to be sent next time."""
    try:
        variables = read_variables()
        channels = read_channels(variables)
    except UserError as error:
        print(f"Alerts: not sent: {error}", file=sys.stderr)
        return known.unsent
    managers, wrong = usable_managers(variables)
    if not channels:
        known.untold()
    hidden = secrets(variables)
    everybody = [*channels, *(manager.channel for manager in managers)]
    unsent = []
    for message in known.unsent:
        if to := reached(everybody, message.told):
            waits = not send(message, to, hidden)
        else:
            # Whom it is for may be named by an entry that is wrong.
            waits = bool(wrong) and "@" in message.told
        if waits:
            unsent.append(message)
    return unsent


def reached(channels: list[Channel], told: str) -> list[Channel]:
    """Return the channels by which somebody is told; all of the site when there is none such.

    What is for a zone manager goes to his address alone, or to nobody once no setting names it.
    """
    found = [channel for channel in channels if channel.kind == told]
    if "@" in told:
        return found[:1]
    return found or [channel for channel in channels if channel.kind in TOLD]


def send(message: Message, channels: list[Channel], hidden: list[str]) -> bool:
    """Send a message by every channel; return whether one took it, and say which did not."""
    message = replace(message, body=redacted(message.body, hidden))
    taken = False
    for channel in channels:
        try:
            trouble = channel.send(message)
        except Exception as error:
            trouble = f"{type(error).__name__}: {error}"
        if trouble is None:
            taken = True
        else:
            said = redacted(f"{channel.name}: {trouble}", hidden)
            print(f"Alerts: not taken by {said}", file=sys.stderr)
    return taken
