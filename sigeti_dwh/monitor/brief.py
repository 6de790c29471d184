"""A survey on one screen: the verdict, the last night, what is wrong and what to type, tables."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import groupby

from sigeti_dwh.monitor.findings import ORDER, Finding
from sigeti_dwh.monitor.freshness import age
from sigeti_dwh.monitor.layout import fold, fold_command, grid, printable
from sigeti_dwh.monitor.objects import MEASURED, Measure
from sigeti_dwh.monitor.records import Night, first_line
from sigeti_dwh.monitor.survey import Survey
from sigeti_dwh.monitor.tables import COLOURS, number, readable, sum_of_rows

WIDTH, NARROWEST, LINES = 80, 40, 50
DETAILED = ("dimensions", "facts", "marts")
"""The layers of which each object has a line; of the others, all have one together."""
FIRST_KINDS = ("run", "reconciliation", "test", "volume", "schema", "access", "freshness")
WRONG_LINES = 12
"""Lines that are kept for what is wrong, when there are more objects than fit."""
FINDING_LINES = 3
ALIKE = 3
"""Objects of which the same is wrong, from which on they are told together."""
HEAD = ("object", "rows", "size", "data age", "load age")
LEFT_OUT = (2, 3)
"""Columns that a narrow terminal does without."""
STATES = {
    "réussie": "ended well after",
    "échouée": "failed after",
    "interrompue": "was interrupted after",
    "en cours": "has been at work for",
}

Wrong = tuple[str, str]
"""What is wrong, and what to type."""


def as_brief(
    survey: Survey,
    *,
    whole: bool = True,
    width: int = WIDTH,
    colour: bool = False,
    text: Callable[[str], str] = str,
) -> str:
    """Return the survey on one screen, the verdict first and last.

    A `whole` one has at most 50 lines: of more wrong things and objects than these hold it says how
    many. A part of a survey has a line for each of its objects. `text` makes each text one that can
    be printed.
    """
    width = max(NARROWEST, min(width, WIDTH))
    verdict = fold(verdict_line(survey), width)
    night = [part for line in _night(survey) for part in fold(text(printable(line)), width)]
    above = verdict + night * whole
    objects = [one for one in survey.measures if not whole or one.layer in DETAILED]
    rows = [_object_row(survey, one, objects) for one in objects]
    others = [layer for layer in MEASURED if layer not in DETAILED] if whole else []
    totals = [_layer_row(survey, here) for layer in others if (here := _of(survey, layer))]
    wrong = [
        (fold(text(printable(told)), width, FINDING_LINES), text(command))
        for told, command in _wrong(survey.findings)
    ]
    if whole:
        # Three empty lines, and the head of the table.
        room = LINES - len(above) - len(verdict) - len(totals) - 4
        least = min(WRONG_LINES, len(_told(wrong[:WRONG_LINES], width)))
        if len(rows) > room - least:
            fitting = room - least - 1
            rows = [*rows[:fitting], (f"and {len(rows) - fitting} more: --all", *[""] * 4)]
        told = _fitting(wrong, width, room - len(rows))
    else:
        told = _told(wrong, width)
    cells = [[text(printable(cell)) for cell in row] for row in [HEAD, *rows, *totals]]
    mark = (COLOURS[survey.verdict], "\033[0m") if colour else ("", "")
    shown = ["".join([mark[0], "\n".join(verdict), mark[1]])]
    parts = [
        "\n".join([*shown, *night * whole]),
        "\n".join(told),
        "\n".join(grid(cells, width, LEFT_OUT)),
        *shown,
    ]
    return "\n\n".join(part for part in parts if part)


def verdict_line(survey: Survey) -> str:
    """Return the verdict, how much is wrong, what was looked at and when."""
    levels = Counter[str](finding.level for finding in survey.findings)
    told = [
        f"{number} {level}{'s' * (level == 'warning' and number > 1)}"
        for level in ORDER
        if (number := levels[level])
    ]
    size = readable(sum(one.size or 0 for one in survey.measures))
    return (
        f"{survey.verdict.upper()}: {', '.join(told) or 'nothing is wrong'}; "
        f"{len(survey.measures)} objects, {size}; {survey.moment:%Y-%m-%d %H:%M UTC}"
    )


def _night(survey: Survey) -> Iterable[str]:
    """Tell of the last night, of the last good one when that is another, and of the source."""
    if not survey.nights:
        yield "Last night: none that this role may see. ./run_pipeline.sh runs one."
    for last in survey.nights[:1]:
        told = (
            f"Last night: {last.number}, {last.began:%Y-%m-%d %H:%M UTC}, {_ending(last, survey)}"
        )
        if survey.usual:
            count, median = survey.usual
            earlier = f"median of {count} earlier" if count > 1 else "the one before"
            told += f" ({earlier}: {duration(median)})"
        yield told
        good = next((night for night in survey.nights if night.state == "réussie"), None)
        if last.state != "réussie" and good:
            yield f"Last good night: {good.number}, {good.began:%Y-%m-%d %H:%M UTC}"
    moved = [
        f"{one.what} {figures[0]}, loaded {figures[1]}"
        for one in survey.comparisons
        if (figures := one.moved())
    ]
    if moved:
        yield f"The source has changed since the last load: {'; '.join(moved)}"


def _ending(night: Night, survey: Survey) -> str:
    seconds = night.seconds
    if night.state == "en cours":
        seconds = (survey.moment - night.began).total_seconds()
    if seconds is None:
        return "was killed"
    return f"{STATES.get(night.state, night.state)} {duration(seconds)}"


def duration(seconds: float) -> str:
    """Return a span in its two largest units: 27 s, 4 min 5 s, 1 h 2 min."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _wrong(findings: Iterable[Finding]) -> list[Wrong]:
    """Return what is wrong, the worst first; what is the same of several objects, together."""

    def alike(one: Finding) -> tuple[int, int, str, str]:
        # Each has rows of its own to look at; --all has the command of each.
        warns = one.kind == "test" and one.level != "critical"
        same = ("", "") if warns else (one.command, one.text)
        return ORDER.index(one.level), FIRST_KINDS.index(one.kind), *same

    wrong = []
    for (level, _, _, text), group in groupby(sorted(findings, key=alike), key=alike):
        found, start = list(group), ORDER[level].upper()
        if len(found) < ALIKE:
            wrong += [
                (f"{start} {one.object}: {first_line(one.text)}", one.command) for one in found
            ]
            continue
        if text:
            names = ", ".join(one.object for one in found)
            told = f"objects: {first_line(text)}: {names}"
        else:
            told = f"tests: {', '.join(_test_and_rows(one) for one in found)}"
        wrong.append((f"{start} {len(found)} {told}", found[0].command))
    return wrong


def _test_and_rows(one: Finding) -> str:
    return f"{one.object.removeprefix('test ')} ({first_line(one.text).partition(',')[0]})"


def _told(wrong: Sequence[tuple[list[str], str]], width: int) -> list[str]:
    """Return the lines of what is wrong, the command once below those that it is for."""
    lines = []
    for command, group in groupby(wrong, key=lambda one: one[1]):
        lines += [line for told, _ in group for line in told]
        head, *more = fold_command(command, width - 8) if command else [""]
        lines += [f"  next: {head}", *(f"        {line}" for line in more)] if head else []
    return lines


def _fitting(wrong: Sequence[tuple[list[str], str]], width: int, room: int) -> list[str]:
    """Return as much of what is wrong as fits, and how much more there is."""
    shown = min(len(wrong), room)
    while len(_told(wrong[:shown], width)) + (shown < len(wrong)) > room and shown:
        shown -= 1
    left = len(wrong) - shown
    return [*_told(wrong[:shown], width), *([f"and {left} more: --all"] if left else [])]


def _object_row(survey: Survey, one: Measure, among: Sequence[Measure]) -> tuple[str, ...]:
    short = one.name.partition(".")[2]
    same = [other for other in among if other.name.partition(".")[2] == short]
    load = one.published or one.loaded
    return (
        short if len(same) == 1 else one.name,
        number(one),
        "?" if one.problem else readable(one.size),
        "?" if one.problem else _age(survey, [survey.data.get(one.name)]),
        "?" if one.problem and not load else _age(survey, [load]),
    )


def _of(survey: Survey, layer: str) -> list[Measure]:
    return [one for one in survey.measures if one.layer == layer]


def _layer_row(survey: Survey, here: Sequence[Measure]) -> tuple[str, ...]:
    sizes = [one.size for one in here if one.size is not None]
    return (
        f"{here[0].layer}: {len(here)} object{'s' * (len(here) > 1)}",
        sum_of_rows(here),
        readable(sum(sizes) if sizes else None),
        _age(survey, [survey.data.get(one.name) for one in here]),
        _age(survey, [one.loaded for one in here]),
    )


def _age(survey: Survey, moments: Iterable[datetime | None]) -> str:
    known = [moment for moment in moments if moment is not None]
    return age(max(known), survey.moment) if known else "-"
