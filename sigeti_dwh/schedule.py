"""When the nights start, and when it is looked whether one ended well: from the settings."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from sigeti_dwh.errors import UserError

USUAL = {
    "DWH_SCHEDULE": "0 2 * * *",
    "DWH_FRESHNESS_CHECK": "0 7 * * *",
    "DWH_BACKUP_SCHEDULE": "30 5 * * *",
    "DWH_MONITOR_SCHEDULE": "15 7 * * *",
}
LOOK_HOURS = "7-18"
ZONE = "Africa/Abidjan"
WEEKDAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
LOCAL_TIME = Path("/etc/localtime")


@dataclass(frozen=True)
class Schedule:
    """Moments given as crontab has them: minute, hour, day, month, weekday; in a time zone."""

    cron: str
    zone: ZoneInfo

    def __str__(self) -> str:
        """Show it as it is set."""
        return f"{self.cron} {self.zone.key}"

    def following(self, moment: datetime) -> datetime:
        """Return the first moment after another one."""
        return next(CronSim(self.cron, moment.astimezone(self.zone)))

    def latest(self, moment: datetime) -> datetime:
        """Return the last moment before another one."""
        return next(CronSim(self.cron, moment.astimezone(self.zone), reverse=True))

    def calendar(self) -> list[str]:
        """Return the moments as systemd has them; any of several lines counts."""
        parsed = CronSim(self.cron, datetime.now(UTC))
        weekdays = sorted({day % 7 for day in _numbers(parsed.weekdays)})
        months = _listed(parsed.months, range(1, 13))
        days = _listed(parsed.days, range(1, 32))
        clock = f"{_listed(parsed.hours, range(24))}:{_listed(parsed.minutes, range(60))}:00"
        week = "" if len(weekdays) == 7 else ",".join(WEEKDAYS[day] for day in weekdays) + " "
        dates = [(week, days)]
        if week and days != "*" and not parsed.day_and:
            dates = [("", days), (week, "*")]
        return [f"{week}*-{months}-{day} {clock} {self.zone.key}" for week, day in dates]

    def on_machine(self) -> str:
        """Return the moments for a crontab, which knows the machine's time zone only.

        Raises UserError when that is not the same, on some day of the coming year.
        """
        local = _machine_zone()
        noon = datetime.now(UTC).replace(hour=12, minute=0)
        for day in range(366):
            moment = noon + timedelta(days=day)
            if moment.astimezone(local).utcoffset() != moment.astimezone(self.zone).utcoffset():
                raise UserError(
                    f"cron follows the machine's clock, which is not that of {self.zone.key}.\n"
                    "Set DWH_TIMEZONE, and the times of .env, in the machine's time zone, or use "
                    "Prefect's schedule (prefect/README.md)."
                )
        return self.cron


def read_schedules(variables: Mapping[str, str]) -> tuple[Schedule, Schedule]:
    """Return when nights start and when it is looked whether one ended well.

    Raises UserError, naming the variable, for a value that cannot be used.
    """
    return (
        read_schedule(variables, "DWH_SCHEDULE"),
        read_schedule(variables, "DWH_FRESHNESS_CHECK"),
    )


def read_looks(variables: Mapping[str, str], every: int | None = None) -> Schedule | None:
    """Return when it is looked at the source between nights; None when it is not.

    `every` are minutes, those of DWH_LOOK_EVERY unless given; DWH_LOOK_HOURS says in which hours.
    Raises UserError, naming the variable, for a value that cannot be used.
    """
    text = variables.get("DWH_LOOK_EVERY", "").strip()
    if every is None and not text:
        return None
    try:
        minutes = read_minutes(text) if every is None else every
    except UserError as error:
        raise UserError(f"DWH_LOOK_EVERY: {error}") from None
    hours = variables.get("DWH_LOOK_HOURS", "").strip() or LOOK_HOURS
    cron = f"{'0' if minutes == 60 else f'*/{minutes}'} {hours} * * *"
    try:
        # A cron of more fields, or steps, would say something else than hours.
        if not set(hours) <= set("0123456789,-"):
            raise CronSimError("Bad hours")
        CronSim(cron, datetime.now(UTC))
    except CronSimError:
        raise UserError(
            f"DWH_LOOK_HOURS is {hours!r}.\n"
            "It must be hours as in crontab: 7-18 is from 7:00 to 18:59."
        ) from None
    return read_schedule({**variables, "DWH_LOOK_HOURS": cron}, "DWH_LOOK_HOURS")


def read_minutes(text: str) -> int:
    """Return the minutes of an interval such as 10m or 1h; it divides an hour.

    Raises UserError for any other.
    """
    known = re.fullmatch(r"(\d{1,2})(m|h)?", text.strip())
    minutes = int(known[1]) * (60 if known[2] == "h" else 1) if known else 0
    if minutes not in (5, 6, 10, 12, 15, 20, 30, 60):
        raise UserError(
            f"{text!r} is no interval between looks.\nIt must be 5m, 10m, 15m, 20m, 30m or 1h."
        )
    return minutes


def read_schedule(variables: Mapping[str, str], setting: str) -> Schedule:
    """Return the moments that a setting names, the usual ones when it is empty.

    Raises UserError, naming the variable, for a value that cannot be used.
    """
    name = variables.get("DWH_TIMEZONE", "").strip() or ZONE
    try:
        zone = ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UserError(
            f"DWH_TIMEZONE is {name!r}.\nIt must be a name as Africa/Abidjan or Europe/Paris."
        ) from None
    return Schedule(_cron(variables, setting), zone)


def _cron(variables: Mapping[str, str], name: str) -> str:
    text = " ".join(variables.get(name, "").split()) or USUAL[name]
    try:
        parsed = CronSim(text, datetime.now(UTC))
        if len(text.split()) != 5:
            raise CronSimError("Wrong number of fields")
        _numbers({*parsed.days, *parsed.weekdays})
        next(parsed)
    except (CronSimError, StopIteration):
        raise UserError(
            f"{name} is {text!r}.\nIt must have five fields as in crontab: minute, hour, day, "
            "month, weekday; 0 2 * * * is every night at two."
        ) from None
    return text


def _numbers(field: Iterable[Any]) -> set[int]:
    """Return a field's values; refuse L and #, which neither crontab nor systemd know."""
    numbers = {value for value in field if isinstance(value, int) and value >= 0}
    if numbers != set(field):
        raise CronSimError("L and # are not known to crontab")
    return numbers


def _listed(values: Iterable[Any], every: range) -> str:
    return "*" if _numbers(values) >= set(every) else ",".join(map(str, sorted(values)))


def _machine_zone() -> ZoneInfo:
    if not LOCAL_TIME.exists():
        return ZoneInfo("UTC")
    with LOCAL_TIME.open("rb") as stream:
        return ZoneInfo.from_file(stream)
