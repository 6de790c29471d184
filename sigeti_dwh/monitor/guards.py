"""Whether a table's rows are plausible after those it had before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from statistics import median
from typing import Any

from sigeti_dwh.monitor.findings import Finding, monitor
from sigeti_dwh.monitor.history import Seen, daily
from sigeti_dwh.monitor.objects import Measure
from sigeti_dwh.readers.contract import breaches

SMALL = 20
"""Rows below which half of them gone is no sign of anything."""
ENOUGH = 7
"""Days without which nothing is called ordinary."""
SEASON = 3
"""Days of the same weekday from which on they are compared with each other."""
SPREADS = 6.0
"""How many times the usual spread a day may be off: 0.003 % of a normal distribution's."""
SHARE = 0.02
"""A growth that differs from the ordinary by less than this share of the table is ignored."""
NORMAL_SPREAD = 1.4826
"""Standard deviations of a normal distribution in one median absolute deviation."""


def judge_rows(
    measures: Iterable[Measure], seen: Mapping[str, Sequence[Seen]], now: datetime
) -> tuple[list[Finding], set[str]]:
    """Return what is wrong with row counts, and the names of the tables that it is about."""
    found, strange = [], set()
    for one in measures:
        before = seen.get(one.name)
        if one.rows is None or one.estimated or not before:
            continue
        finding = _shrunk(one, before[-1]) or _unusual(one, before, now)
        if finding:
            found.append(finding)
            strange.add(one.name)
    return found, strange


def judge_columns(measures: Iterable[Measure], seen: Mapping[str, Sequence[Seen]]) -> list[Finding]:
    """Return which tables have other columns than when they were last seen."""
    found = []
    for one in measures:
        before = seen.get(one.name)
        if one.problem or not before:
            continue
        then, now = dict(before[-1].columns), dict(one.columns)
        if then != now:
            text = _differences(then, now, "is new", "is gone", "was {}, is {}")
            french = _differences(then, now, "nouvelle", "absente", "était {}, est {}")
            told = f"colonnes : {french}"
            found.append(Finding("warning", one.name, text, told, "schema", _columns_of(one)))
    return found


@dataclass(frozen=True)
class Growth:
    """How many rows came a day, up to a day that was seen."""

    day: date
    rows: float
    ordinary: bool
    """Whether neither this day nor the one before, from which it grew, was unusual."""


def judge_contract(measures: Iterable[Measure], promised: Mapping[str, Any]) -> list[Finding]:
    """Return which published marts lack what their contract promises to readers."""
    found = []
    for one in measures:
        name = one.name.partition(".")[2]
        if one.layer != "marts" or name not in promised:
            continue
        actual = {"version": promised[name]["version"], "columns": dict(one.columns)}
        if broken := breaches({name: promised[name]}, {name: actual}):
            promise, now = promised[name]["columns"], dict(one.columns)
            kept = {column: kind for column, kind in now.items() if column in promise}
            french = _differences(promise, kept, "nouvelle", "absente", "était {}, est {}")
            found.append(
                Finding(
                    "critical",
                    one.name,
                    "; ".join(broken),
                    f"contrat : {french}",
                    "schema",
                    _columns_of(one),
                )
            )
    return found


def _columns_of(one: Measure) -> str:
    return monitor("--select", one.name, "--format", "json")


def _differences(
    then: Mapping[str, str], now: Mapping[str, str], new: str, gone: str, other: str
) -> str:
    """Return what differs, column by column, in the words given."""
    told = {name: new for name in now.keys() - then.keys()}
    told |= {name: gone for name in then.keys() - now.keys()}
    told |= {
        name: other.format(then[name], now[name])
        for name in then.keys() & now.keys()
        if then[name] != now[name]
    }
    return "; ".join(f"{name} {words}" for name, words in sorted(told.items()))


def is_unusual(day: date, growth: float, past: Sequence[Growth], least: float = 0) -> bool:
    """Tell whether a day's growth is unlike that of ordinary days, and of those of its season.

    It is usual when it is near the median of all ordinary days, or of those of its weekday; or like
    any day at that time of an earlier month, an unusual one too: the first monthly billing is
    unusual, the second is not. Differences below `least` are ignored. While fewer than 7 days are
    known, nothing is unusual.
    """
    ordinary = [one for one in past if one.ordinary]
    if len(ordinary) < ENOUGH:
        return False
    weekday = [one.rows for one in ordinary if one.day.weekday() == day.weekday()]
    seasons = [[one.rows for one in ordinary], *([weekday] if len(weekday) >= SEASON else [])]
    monthly = [one.rows for one in past if abs(one.day.day - day.day) <= 1]
    return all(_is_far(growth, season, least) for season in seasons) and all(
        abs(growth - rows) > max(abs(rows) / 2, least) for rows in monthly
    )


def growths(seen: Sequence[Seen]) -> list[Growth]:
    """Return the growth up to each day that was seen, but the first."""
    return [
        Growth(
            after.moment.date(),
            (after.rows - before.rows) / (after.moment.date() - before.moment.date()).days,
            ordinary=not (before.anomaly or after.anomaly),
        )
        for before, after in pairwise(daily(seen))
    ]


def _shrunk(one: Measure, before: Seen) -> Finding | None:
    assert one.rows is not None
    if before.rows >= SMALL and one.rows == 0:
        text, french = f"empty, had {before.rows} rows", f"vide, avait {before.rows} lignes"
        return Finding("critical", one.name, text, french, "volume", monitor("history", one.name))
    if before.rows >= SMALL and one.rows <= before.rows / 2:
        text = f"{one.rows} rows, had {before.rows}"
        french = f"{one.rows} lignes, en avait {before.rows}"
        return Finding("critical", one.name, text, french, "volume", monitor("history", one.name))
    return None


def _unusual(one: Measure, seen: Sequence[Seen], now: datetime) -> Finding | None:
    assert one.rows is not None
    past = [day for day in daily(seen) if day.moment.date() < now.date()]
    if not past:
        return None
    growth = (one.rows - past[-1].rows) / (now.date() - past[-1].moment.date()).days
    known = growths(past)
    if not is_unusual(now.date(), growth, known, least=SHARE * past[-1].rows):
        return None
    usual = median(one.rows for one in known if one.ordinary)
    return Finding(
        "warning",
        one.name,
        f"{growth:+.0f} rows a day, usually {usual:+.0f}",
        f"{growth:+.0f} lignes par jour, d'ordinaire {usual:+.0f}",
        "volume",
        monitor("history", one.name),
    )


def _is_far(value: float, season: Sequence[float], least: float) -> bool:
    middle = median(season)
    spread = NORMAL_SPREAD * median(abs(one - middle) for one in season)
    return abs(value - middle) > max(SPREADS * spread, least)
