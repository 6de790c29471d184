"""Whether objects are as fresh as the dbt YAML demands, by the calendar of those who read them."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from sigeti_dwh.monitor.findings import RUN, Finding, Level
from sigeti_dwh.monitor.objects import Measure
from sigeti_dwh.monitor.thresholds import Threshold

HOLIDAYS = "select date_jour from dwh_reference.jours_feries"


def public_holidays(connection: psycopg.Connection[Any]) -> set[date]:
    """Return the public holidays that the warehouse knows; none before its first load."""
    try:
        return {day for (day,) in connection.execute(HOLIDAYS)}
    except psycopg.Error:
        if connection.closed:
            raise
        return set()


def judge_freshness(
    measures: Iterable[Measure],
    demanded: Mapping[str, Threshold],
    now: datetime,
    zone: ZoneInfo,
    holidays: Collection[date] = (),
) -> list[Finding]:
    """Return what is older than demanded. A mart is judged by its publication, others by load."""
    found = []
    for one in measures:
        threshold = demanded.get(one.name.partition(".")[2])
        if threshold is None or one.problem or one.layer == "preparation":
            continue
        moment = one.published if one.layer == "marts" else one.loaded
        verb, verbe = ("published", "publié") if one.layer == "marts" else ("loaded", "chargé")
        if moment is None:
            found.append(
                Finding("warning", one.name, f"never {verb}", f"jamais {verbe}", "freshness", RUN)
            )
        elif problem := _too_old(moment, threshold, now, zone, holidays):
            level, text, french = problem
            since = moment.astimezone(zone)
            told = f"{verb} {age(moment, now)} ago ({since:%Y-%m-%d %H:%M %Z}), {text}"
            dit = f"{verbe} le {since:%d/%m/%Y à %H:%M}, {french}"
            found.append(Finding(level, one.name, told, dit, "freshness", RUN))
    return found


def age(moment: datetime, now: datetime) -> str:
    """Return how long ago a moment was, in its largest unit: 3 h."""
    seconds = (now - moment).total_seconds()
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def _too_old(
    moment: datetime,
    threshold: Threshold,
    now: datetime,
    zone: ZoneInfo,
    holidays: Collection[date],
) -> tuple[Level, str, str] | None:
    """Return the level, and what is demanded, in both languages; None when it is fresh."""
    if threshold.error_after and now - moment > threshold.error_after:
        most = _readable(threshold.error_after)
        return "critical", f"at most {most} is allowed", f"au plus {most} sont admises"
    due = _last_due(threshold.deadline, now, zone, holidays) if threshold.deadline else None
    if due and moment < due[0]:
        by = due[1]
        return "critical", f"was due by {by:%Y-%m-%d %H:%M}", f"attendu le {by:%d/%m/%Y à %H:%M}"
    if threshold.warn_after and now - moment > threshold.warn_after:
        usual = _readable(threshold.warn_after)
        return "warning", f"more than {usual}", f"plus de {usual}"
    return None


def _last_due(
    deadline: time, now: datetime, zone: ZoneInfo, holidays: Collection[date]
) -> tuple[datetime, datetime]:
    """Return the day, from its first hour, and the time of the last deadline that has passed."""
    day = now.astimezone(zone).date()
    while True:
        due = datetime.combine(day, deadline, zone)
        if day.weekday() < 5 and day not in holidays and due <= now:
            return datetime.combine(day, time(), zone).astimezone(UTC), due
        day -= timedelta(days=1)


def _readable(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:.0f} h"
