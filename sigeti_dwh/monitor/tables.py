"""A survey as text tables: for the terminal, for Markdown, as CSV."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from tabulate import tabulate

from sigeti_dwh.monitor.freshness import age
from sigeti_dwh.monitor.health import Check
from sigeti_dwh.monitor.history import Seen, daily, sparkline
from sigeti_dwh.monitor.layout import fold, printable
from sigeti_dwh.monitor.objects import MEASURED, Measure
from sigeti_dwh.monitor.survey import Survey

COLOURS = {"fine": "\033[32m", "warning": "\033[33m", "critical": "\033[31m"}
SHOWN_DAYS = 14
WIDE = 80
FOUND = 38
"""Columns of what health has found, beside what it looked at and the state."""
COLUMNS = (
    *("layer", "object", "kind", "rows", "estimated", "bytes", "index_bytes"),
    *("toast_bytes", "business_date", "source_change", "loaded", "published", "seconds", "problem"),
)


def as_tables(survey: Survey, *, markdown: bool = False, colour: bool = False) -> str:
    """Return rows, sizes, last updates and totals by layer, then the verdict and what is wrong."""
    style = "github" if markdown else "simple"
    title = "## {}" if markdown else "{}"
    parts = []
    for name, headers, lines in _sections(survey):
        table = tabulate(
            [[printable(str(cell)) for cell in line] for line in lines],
            headers=headers,
            tablefmt=style,
            disable_numparse=True,
            colalign=["right" if head in RIGHT else "left" for head in headers],
        )
        parts.append(f"{title.format(name)}\n\n{table}")
    verdict = f"{survey.verdict.upper()}: {_summary(survey)}"
    if colour:
        verdict = f"{COLOURS[survey.verdict]}{verdict}\033[0m"
    problems = [f"- {line}" if markdown else line for line in map(printable, _problems(survey))]
    return "\n\n".join([*parts, "\n".join([verdict, *problems])])


def as_csv(survey: Survey) -> str:
    """Return one line per object; empty where nothing is known."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in survey.measures:
        writer.writerow(
            [
                one.layer,
                one.name,
                one.kind,
                one.rows,
                one.estimated,
                one.size,
                one.index_size,
                one.toast_size,
                one.business_date,
                *(moment and moment.isoformat() for moment in _moments(one)),
                round(one.seconds, 3),
                one.problem,
            ]
        )
    return text.getvalue().rstrip("\n")


def health_table(checks: Iterable[Check]) -> str:
    """Return the state of the servers as a table of 80 columns; advice below what needs it."""
    lines: list[tuple[str, str, str]] = []
    for check in checks:
        lines.append((check.what, check.state, check.value))
        if check.advice:
            lines.append(("", "", f"> {check.advice}"))
    return tabulate(
        [(what, state, "\n".join(fold(printable(found), FOUND))) for what, state, found in lines],
        headers=("checked", "state", "found"),
        disable_numparse=True,
    )


def rows_table(name: str, columns: Sequence[str], rows: Iterable[Sequence[str | None]]) -> str:
    """Return rows of an object as a table, or where that is too wide one below the other.

    A null is shown as -.
    """
    cells = [["-" if value is None else printable(value) for value in row] for row in rows]
    if not cells:
        return f"{name} has no row."
    table = tabulate(cells, headers=columns, disable_numparse=True)
    if len(table.partition("\n")[0]) > WIDE:
        records = [zip(columns, row, strict=True) for row in cells]
        table = "\n\n".join(
            tabulate(one, tablefmt="plain", disable_numparse=True) for one in records
        )
    return f"{name}\n\n{table}"


def number(one: Measure) -> str:
    """Return an object's rows as shown: ~ for an estimate, ? for unknown."""
    if one.rows is None:
        return "?"
    return f"{'~' if one.estimated else ''}{one.rows:,}".replace(",", " ")


def sum_of_rows(measures: Sequence[Measure]) -> str:
    """Return the rows of objects together; those of which they are unknown are said."""
    known = [one for one in measures if one.rows is not None]
    mark = "~" if any(one.estimated for one in known) else ""
    rows = f"{mark}{sum(one.rows or 0 for one in known):,}".replace(",", " ")
    return rows if len(known) == len(measures) else f"{rows} + ?"


def readable(size: int | None) -> str:
    """Return a size in its largest unit."""
    if size is None:
        return "-"
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TB"


def history_table(name: str, looks: Sequence[Seen], *, ascii_only: bool = False) -> str:
    """Return an object's last days, its curve, and the change since yesterday and last week."""
    days = daily(looks)
    lines = [
        (f"{day.moment:%Y-%m-%d %H:%M}", day.rows, readable(day.size), "unusual" * day.anomaly)
        for day in days[-SHOWN_DAYS:]
    ]
    table = tabulate(lines, headers=("seen (UTC)", "rows", "size", ""), disable_numparse=True)
    last = days[-1]
    changes = []
    for span, told in ((1, "yesterday"), (7, "last week")):
        then = [day for day in days if (last.moment.date() - day.moment.date()).days >= span]
        if then:
            changes.append(f"{last.rows - then[-1].rows:+d} rows since {told}")
    curve = sparkline([day.rows for day in days], ascii_only=ascii_only)
    return f"{name}\n\n{table}\n\n{curve}\n{', '.join(changes) or 'seen on one day so far'}\n"


RIGHT = {"rows", "size", "indexes", "toast", "share", "objects", "seconds", "age"}


def _sections(survey: Survey) -> Iterable[tuple[str, Sequence[str], list[Sequence[object]]]]:
    total = sum(one.size or 0 for one in survey.measures) or 1
    yield (
        "Rows",
        ("layer", "object", "kind", "rows", "seconds"),
        [(m.layer, m.name, m.kind, number(m), f"{m.seconds:.2f}") for m in survey.measures],
    )
    yield (
        "Sizes",
        ("layer", "object", "size", "indexes", "toast", "share"),
        [
            (
                m.layer,
                m.name,
                *(_size(m, size) for size in (m.size, m.index_size, m.toast_size)),
                _share(m, total),
            )
            for m in survey.measures
            if m.kind != "view"
        ],
    )
    yield (
        "Last updates (UTC)",
        ("object", "business up to", "source changed", "loaded", "published", "age"),
        [
            (
                m.name,
                "?" if _unread(m) else m.business_date or "-",
                "?" if _unread(m) and not m.source_change else _minute(m.source_change),
                "?" if m.problem and not m.loaded else _minute(m.loaded),
                _minute(m.published),
                _age(m, survey.moment),
            )
            for m in survey.measures
        ],
    )
    yield (
        "Layers",
        ("layer", "objects", "rows", "size", "share"),
        [
            _layer(layer, survey.measures, total)
            for layer in MEASURED
            if _of(layer, survey.measures)
        ],
    )


def _layer(layer: str, measures: Sequence[Measure], total: int) -> Sequence[object]:
    here = _of(layer, measures)
    size = sum(one.size or 0 for one in here)
    return layer, len(here), sum_of_rows(here), readable(size), f"{size / total:.1%}"


def _of(layer: str, measures: Sequence[Measure]) -> list[Measure]:
    return [one for one in measures if one.layer == layer]


def _unread(one: Measure) -> bool:
    return one.problem is not None or one.estimated


def _moments(one: Measure) -> tuple[datetime | None, ...]:
    return one.source_change, one.loaded, one.published


def _size(one: Measure, size: int | None) -> str:
    return "?" if one.problem else readable(size)


def _share(one: Measure, total: int) -> str:
    return "?" if one.problem else f"{(one.size or 0) / total:.1%}"


def _age(one: Measure, now: datetime) -> str:
    moment = one.published or one.loaded
    return age(moment, now) if moment else "?" if one.problem else "-"


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "-"


def _summary(survey: Survey) -> str:
    size = readable(sum(one.size or 0 for one in survey.measures))
    told = f"{len(survey.measures)} objects, {size}"
    if survey.nights:
        last = survey.nights[0]
        told += f"; night {last.number} of {last.began:%Y-%m-%d %H:%M UTC} {ENGLISH[last.state]}"
    return told


ENGLISH = {
    "réussie": "ended well",
    "échouée": "failed",
    "interrompue": "was interrupted",
    "en cours": "is at work",
}


def _problems(survey: Survey) -> Iterable[str]:
    for finding in survey.findings:
        yield str(finding)
        if finding.command:
            yield f"  next: {finding.command}"
        if finding.level == "critical" and survey.impact.get(finding.object):
            yield f"  what stands on it: {', '.join(survey.impact[finding.object])}"
    moved = [
        f"{one.what} {figures[0]}, loaded {figures[1]}"
        for one in survey.comparisons
        if (figures := one.moved())
    ]
    if moved:
        yield f"The source has changed since the last load: {'; '.join(moved)}."
