"""What has been told and is not yet over, kept in a file.

In the warehouse it could not be known when that is down, and a restored one would forget it.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sigeti_dwh.alerts.messages import (
    Message,
    crossed,
    failure,
    managers_untold,
    missed,
    recovery,
    respected,
)
from sigeti_dwh.alerts.thresholds import TOLD, Threshold, Value
from sigeti_dwh.errors import UserError
from sigeti_dwh.file_lock import file_lock
from sigeti_dwh.folders import write_private

UNSENT = 20
"""Messages kept for later when no channel takes them: more would only bury the first ones."""

Says = Callable[[list[str], str], Message]
Lines = dict[str, str]
"""What is told of values, by their keys."""
Thresholds = Mapping[str, Threshold]

SHOWN = 20
"""Zones or enterprises that a message names of one threshold."""


@dataclass
class Incidents:
    """What is known of the nights so far."""

    last_good: datetime | None = None
    since: datetime | None = None
    """When what is wrong now was first told, None while all is well."""
    causes: list[str] = field(default_factory=list)
    """Those told since then."""
    missed: bool = False
    unsent: list[Message] = field(default_factory=list)
    crossed: dict[str, str] = field(default_factory=dict)
    """What was told of each threshold that is crossed, by the key of its value."""
    crossed_zones: dict[str, dict[str, str]] = field(default_factory=dict)
    """The same of what each zone manager was told, by his address."""
    wrong_entries: list[str] = field(default_factory=list)
    """What was told of zone managers who cannot be told."""

    def ended_well(self, now: datetime) -> None:
        """Note a good night, and that it is to be told if something was wrong."""
        self.last_good = now
        if self.since is not None:
            self.unsent.append(recovery(self.since, now))
        self.since, self.causes, self.missed = None, [], False

    def failed(self, now: datetime, cause: str, look: bool = False) -> None:
        """Note a failed night or look, to be told unless the same cause was told before."""
        known = re.sub(r"\d+", "0", cause.splitlines()[0])
        if known not in self.causes:
            self.causes.append(known)
            self.unsent.append(failure(cause, self.last_good, look))
        self.since = self.since or now

    def measured(
        self,
        values: Sequence[Value],
        managers: Mapping[str, Collection[str] | None],
        wrong: Sequence[str],
    ) -> None:
        """Note what the thresholds measured, to be told where it is another than before.

        A value that says nothing changes nothing, and neither does a mart without a row. What is no
        more in a mart that has rows is crossed no longer. Managers, zones by address, None for all,
        are each told of these as well. `wrong` is why others cannot be: it is told once, and what
        they know is kept until they can.
        """
        if wrong and list(wrong) != self.wrong_entries:
            self.unsent.append(managers_untold("\n".join(wrong)))
        self.wrong_entries = list(wrong)
        measured = {one.threshold.name: one.threshold for one in values}
        new, ended = _news(values, self.crossed, measured)
        for told in TOLD:
            for message, lines in ((crossed, new), (respected, ended)):
                some = {key: line for key, line in lines.items() if _of(key, measured).told == told}
                self.unsent += _told(some, measured, message, told)
        self.crossed = _after(self.crossed, new, ended)
        before = self.crossed_zones
        self.crossed_zones = dict(before) if wrong else {}
        for address, zones in managers.items():
            known = {
                key: line
                for key, line in before.get(address, {}).items()
                if _is_in(zones, key, measured)
            }
            own = [one for one in values if _is_in(zones, one.key, measured)]
            new, ended = _news(own, known, measured)
            self.unsent += _told(new, measured, crossed, address)
            self.unsent += _told(ended, measured, respected, address)
            self.crossed_zones[address] = _after(known, new, ended)

    def untold(self) -> None:
        """Forget what those of the site were to be told, since there are none."""
        self.since, self.causes, self.missed = None, [], False
        self.unsent = [message for message in self.unsent if "@" in message.told]
        self.crossed, self.wrong_entries = {}, []

    def checked(self, now: datetime, due: datetime) -> None:
        """Note whether a night has ended well since it was due, to be told once if not.

        One that ended in the future, by a clock that was ahead, says nothing of now.
        """
        if self.missed or (self.last_good is not None and due <= self.last_good <= now):
            return
        self.missed = True
        self.unsent.append(missed(due, self.last_good))
        self.since = self.since or now


def _news(values: Sequence[Value], known: Lines, measured: Thresholds) -> tuple[Lines, Lines]:
    """Return what is crossed and was not known, and what was known and is crossed no longer."""
    new = {one.key: str(one) for one in values if one.is_crossed and one.key not in known}
    ended = {one.key: str(one) for one in values if one.is_crossed is False and one.key in known}
    present = {one.key for one in values}
    for key, line in known.items():
        if key not in present and key.split()[0] in measured:
            ended[key] = f"{line} ; n'est plus dans le mart"
    return new, ended


def _after(known: Lines, new: Lines, ended: Lines) -> Lines:
    return {key: line for key, line in known.items() if key not in ended} | new


def _of(key: str, measured: Thresholds) -> Threshold:
    return measured[key.split()[0]]


def _is_in(zones: Collection[str] | None, key: str, measured: Thresholds) -> bool:
    """Tell whether a value is of some zones; one whose threshold was not measured now stays so."""
    if zones is None or key.split()[0] not in measured:
        return True
    return _of(key, measured).zone_of(key) in zones


def _told(lines: Lines, measured: Thresholds, message: Says, told: str) -> list[Message]:
    """Return the message, if there is one: below the words of a threshold, what is beyond it."""
    parts: dict[str, list[str]] = {}
    for key, line in lines.items():
        parts.setdefault(_of(key, measured).words, []).append(f"- {line}")
    shown = [_shown(words, found) for words, found in parts.items()]
    return [message(shown, told)] if shown else []


def _shown(words: str, lines: list[str]) -> str:
    more = [f"- et {len(lines) - SHOWN} de plus"] if len(lines) > SHOWN else []
    return "\n".join([f"{words} :", *lines[:SHOWN], *more])


@contextmanager
def kept_in(path: Path) -> Iterator[Incidents]:
    """Give what a file keeps, to one process at a time, and keep what becomes of it.

    Raises OSError, or UserError when another process keeps the file to itself, at the end: better
    told twice than never.
    """
    with ExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(file_lock(path.with_suffix(".lock")))
        except (OSError, UserError):
            yield Incidents()
            raise
        incidents = _read(path)
        yield incidents
        _write(path, incidents)


def _read(path: Path) -> Incidents:
    # One that is damaged says nothing.
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        for name in ("last_good", "since"):
            kept[name] = datetime.fromisoformat(kept[name]) if kept[name] else None
        kept["unsent"] = [Message(**message) for message in kept["unsent"]]
        return Incidents(**kept)
    return Incidents()


def _write(path: Path, incidents: Incidents) -> None:
    incidents.unsent = incidents.unsent[:UNSENT]
    write_private(path, json.dumps(asdict(incidents), default=datetime.isoformat, indent=1))
