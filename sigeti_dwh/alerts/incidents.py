"""What has been told and is not yet over, kept in a file.

In the warehouse it could not be known when that is down, and a restored one would forget it.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sigeti_dwh.alerts.messages import Message, crossed, failure, missed, recovery, respected
from sigeti_dwh.alerts.thresholds import TOLD, Threshold, Value
from sigeti_dwh.errors import UserError
from sigeti_dwh.file_lock import file_lock
from sigeti_dwh.folders import write_private

UNSENT = 20
"""Messages kept for later when no channel takes them: more would only bury the first ones."""

Says = Callable[[list[str], str], Message]

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
        self, values: Sequence[Value], managers: Sequence[tuple[str, Collection[str] | None]] = ()
    ) -> None:
        """Note what the thresholds measured, to be told where it is another than before.

        A value that says nothing changes nothing, and neither does a mart without a row. What is no
        more in a mart that has rows is crossed no longer. Managers, an address and zones, None for
        all, are told of these as well.
        """
        new = [one for one in values if one.is_crossed and one.key not in self.crossed]
        over = [one for one in values if one.is_crossed is False and one.key in self.crossed]
        ended = {one.key: str(one) for one in over}
        present = {one.key for one in values}
        measured = {one.threshold.name: one.threshold for one in values}
        for key, line in self.crossed.items():
            if key not in present and key.split()[0] in measured:
                ended[key] = f"{line} ; n'est plus dans le mart"
        news: list[tuple[Says, dict[str, str]]] = [
            (crossed, {one.key: str(one) for one in new}),
            (respected, ended),
        ]
        for message, lines in news:
            by_key = [(key, measured[key.split()[0]], line) for key, line in lines.items()]
            for told in TOLD:
                self.unsent += _told([one for one in by_key if one[1].told == told], message, told)
            for address, zones in managers:
                own = [one for one in by_key if zones is None or one[1].zone_of(one[0]) in zones]
                self.unsent += _told(own, message, address)
        self.crossed = {key: line for key, line in self.crossed.items() if key not in ended}
        self.crossed |= {one.key: str(one) for one in new}

    def untold(self, managers: bool) -> None:
        """Forget what was to be told, since there is nobody to tell: but what is for managers."""
        self.since, self.causes, self.missed = None, [], False
        self.unsent = [message for message in self.unsent if managers and "@" in message.told]
        if not managers:
            self.crossed = {}

    def checked(self, now: datetime, due: datetime) -> None:
        """Note whether a night has ended well since it was due, to be told once if not.

        One that ended in the future, by a clock that was ahead, says nothing of now.
        """
        if self.missed or (self.last_good is not None and due <= self.last_good <= now):
            return
        self.missed = True
        self.unsent.append(missed(due, self.last_good))
        self.since = self.since or now


def _told(lines: Sequence[tuple[str, Threshold, str]], message: Says, told: str) -> list[Message]:
    """Return the message, if there is one: below the words of a threshold, what is beyond it."""
    parts: dict[str, list[str]] = {}
    for _, threshold, line in lines:
        parts.setdefault(threshold.words, []).append(f"- {line}")
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
