"""The specification of the dashboards, checked when it is read.

A mistake is a UserError that names the panel, or the measure, and says what is wrong with it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from sigeti_dwh.dashboards.columns import Column, read_columns
from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import ROOT, project_files

FILE = ROOT / "bi" / "tableaux.yml"
OF_AREAS = "bi/*/tableaux.yml"
PERIOD = "periode"
UNITS = ("", "FCFA", "%", "m²", "jours", "heures", "date")
CHARTS = ("number", "line", "bars", "stacked", "table", "rows", "map")
PLACE = ("longitude", "latitude")
SQL_WORDS = frozenset(
    re.findall(
        r"\w+", "sum count min max filter where and or not in is null extract epoch from now"
    )
)
GRID = 12
MOST_ROWS = 1000
NUMBER_WIDTH = 2


@dataclass(frozen=True)
class Measure:
    """What is counted, in which unit; `sql` aggregates the rows of its mart."""

    name: str
    label: str
    unit: str
    sql: str


@dataclass(frozen=True)
class Mart:
    """A published table: its columns, its measures, and the column of each filter."""

    name: str
    schema: str
    label: str
    columns: Mapping[str, Column]
    filters: Mapping[str, str]
    measures: Mapping[str, Measure]


@dataclass(frozen=True)
class Panel:
    """One chart: measures of a mart by a column, a single number, or the first rows of a mart."""

    name: str
    title: str
    mart: Mart
    chart: str
    measures: tuple[Measure, ...]
    by: Column | None
    drill: str | None
    """The filter that choosing a row sets for the other panels."""
    limit: int
    width: int
    columns: tuple[Column, ...] = ()
    """What is shown of each row; of a chart of rows only."""
    sorted_by: Column | None = None
    """The column whose largest values come first, of the same."""
    ordered_by: Column | None = None
    """The column whose smallest values come first, instead of the largest of the first measure."""
    coloured_by: Column | None = None
    """The rate, in percent, that colours a circle of a map."""
    where: str | None = None
    """Which rows alone it shows: a yes-or-no column of its mart, or `not` and one."""
    has_total: bool = True
    """Whether the last line of a table adds up the others."""


@dataclass(frozen=True)
class Dashboard:
    """A page of panels, with the filters above them."""

    name: str
    title: str
    filters: tuple[str, ...]
    panels: tuple[Panel, ...]
    whole_time: bool = False
    """Whether the period is all there is, instead of this year, until a reader chooses one."""


@dataclass(frozen=True)
class Specification:
    """All dashboards, and the marts they read."""

    filters: Mapping[str, str]
    marts: Mapping[str, Mart]
    dashboards: tuple[Dashboard, ...]


def read_specification(
    file: Path | None = None, columns: Mapping[str, Mapping[str, Column]] | None = None
) -> Specification:
    """Read and check the specification with those of optional areas that are on, or one file alone.

    Raises UserError for the first mistake in it.
    """
    known = read_columns() if columns is None else columns
    filters: dict[str, str] = {}
    marts: dict[str, Mart] = {}
    pages: dict[str, Dashboard] = {}
    for one in [FILE, *project_files(ROOT, OF_AREAS)] if file is None else [file]:
        content = _content(one)
        filters |= _entries(one.name, content, "filters")
        marts |= {
            name: _mart(name, mart, known, filters)
            for name, mart in _entries(one.name, content, "marts").items()
        }
        first = _panels("every_page", content, "every_page", marts)
        for name, page in _entries(one.name, content, "dashboards").items():
            if name in pages:
                pages[name] = _extended(pages[name], page, marts)
            else:
                pages[name] = _dashboard(name, page, marts, filters, first)
    return Specification(filters, marts, tuple(pages.values()))


def _content(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}.") from None
    except yaml.YAMLError as error:
        raise UserError(f"{file.name} is not YAML: {error}") from None
    _check_keys(file.name, content, {"marts", "dashboards"}, {"filters", "every_page"})
    found: dict[str, Any] = content
    return found


def _mart(
    name: str,
    content: Any,
    known: Mapping[str, Mapping[str, Column]],
    labels: Mapping[str, str],
) -> Mart:
    place = f"{FILE.name}: Mart {name}"
    _check_keys(place, content, {"schema", "label"}, {"filters", "measures"})
    if name not in known:
        raise _mistake(place, f"no model of that name; there are {', '.join(sorted(known))}")
    columns = known[name]
    filters = _entries(place, content, "filters")
    for word, column in filters.items():
        _one_of(place, "filter", word, labels)
        _one_of(place, "column", column, columns)
    if PERIOD in filters and not columns[filters[PERIOD]].is_temporal:
        raise _mistake(place, f"the period is filtered by {filters[PERIOD]}, which is not a date")
    measures = {
        word: read_measure(f"{FILE.name}: Measure {name}.{word}", word, measure, columns)
        for word, measure in _entries(place, content, "measures").items()
    }
    return Mart(name, content["schema"], content["label"], columns, filters, measures)


def read_measure(place: str, name: str, content: Any, columns: Mapping[str, Column]) -> Measure:
    """Return the measure that an entry describes; raise UserError, at `place`, for a mistake."""
    _check_keys(place, content, {"label"}, {"unit", "sql", "ratio"})
    unit = content.get("unit", "")
    _one_of(place, "unit", unit, UNITS)
    if ("sql" in content) == ("ratio" in content):
        raise _mistake(place, "it needs either sql or ratio")
    parts = content["ratio"] if "ratio" in content else [content["sql"]]
    if "ratio" in content and not (isinstance(parts, list) and len(parts) == 2):
        raise _mistake(place, "a ratio is two sums: [what counts, out of what]")
    if unit == "%" and "ratio" not in content:
        raise _mistake(place, "a % is a ratio of two sums, never a sum or a mean of rates")
    for part in parts:
        _check_expression(place, part, columns)
    sql = parts[0]
    if len(parts) == 2:
        # Two sums may be the numerator.
        counted = f"({sql})" if re.search(r"\)\s*[-+]", sql) else sql
        # Without precision and scale it would be a whole number on Spark.
        sql = f"{counted} / nullif(cast({parts[1]} as numeric(38, 6)), 0)"
    return Measure(name, content["label"], unit, sql)


def _check_expression(place: str, sql: Any, columns: Mapping[str, Column]) -> None:
    if not isinstance(sql, str) or not re.search(r"\b(sum|count|min|max)\(", sql):
        raise _mistake(place, f"{sql} does not aggregate: sum, count, min or max of a column")
    for word in re.findall(r"[A-Za-z_]\w*", re.sub(r"'[^']*'", "", sql)):
        if word in SQL_WORDS:
            continue
        _one_of(place, "column", word, columns)
        if word.endswith("_pct"):
            raise _mistake(place, f"{word} is a rate, which does not add up; give its two sums")


def _dashboard(
    name: str,
    content: Any,
    marts: Mapping[str, Mart],
    labels: Mapping[str, str],
    first: tuple[Panel, ...],
) -> Dashboard:
    place = f"{FILE.name}: Dashboard {name}"
    _check_keys(place, content, {"title", "panels"}, {"filters", "whole_time"})
    filters = _words(place, content, "filters")
    for word in filters:
        _one_of(place, "filter", word, labels)
    panels = _panels(name, content, "panels", marts)
    if not panels:
        raise _mistake(place, "it has no panel")
    for word in filters:
        if not any(word in panel.mart.filters for panel in panels):
            raise _mistake(place, f"no panel can be filtered by {word}")
    whole_time = _flag(place, content, "whole_time", False)
    return Dashboard(name, content["title"], filters, (*first, *panels), whole_time)


def _extended(page: Dashboard, content: Any, marts: Mapping[str, Mart]) -> Dashboard:
    """Return a page of an earlier file with the panels that another adds to it."""
    _check_keys(f"{FILE.name}: Dashboard {page.name}", content, {"panels"})
    more = _panels(page.name, content, "panels", marts)
    return replace(page, panels=(*page.panels, *more))


def _panels(
    page: str, content: Mapping[str, Any], key: str, marts: Mapping[str, Mart]
) -> tuple[Panel, ...]:
    return tuple(
        _panel(f"{FILE.name}: Panel {page}.{word}", word, panel, marts)
        for word, panel in _entries(f"{FILE.name}: Dashboard {page}", content, key).items()
    )


def _panel(place: str, name: str, content: Any, marts: Mapping[str, Mart]) -> Panel:
    if isinstance(content, dict) and content.get("chart") == "rows":
        return _rows(place, name, content, marts)
    _check_keys(
        place,
        content,
        {"mart", "chart", "measures"},
        {"title", "by", "coloured_by", "drill", "limit", "ordered_by", "total", "width", "where"},
    )
    _one_of(place, "mart", content["mart"], marts)
    _one_of(place, "chart", content["chart"], CHARTS)
    mart, chart = marts[content["mart"]], content["chart"]
    words = _words(place, content, "measures")
    if not words:
        raise _mistake(place, "it has no measure")
    for word in words:
        _one_of(place, "measure", word, mart.measures)
    measures = tuple(mart.measures[word] for word in words)
    by = None
    if chart == "number":
        if "by" in content or len(measures) != 1:
            raise _mistake(place, "a number is one measure, by nothing")
    elif "by" not in content:
        raise _mistake(place, f"a {chart} needs the column it goes by")
    else:
        _one_of(place, "column", content["by"], mart.columns)
        by = mart.columns[content["by"]]
    if chart == "line" and (by is None or not by.is_temporal):
        raise _mistake(place, f"a line goes by a date, which {content['by']} is not")
    if chart not in ("number", "table") and len({measure.unit for measure in measures}) > 1:
        raise _mistake(place, "the measures of one chart need one unit")
    drill = content.get("drill")
    if drill is not None:
        _one_of(place, "filter", drill, mart.filters)
        if mart.filters[drill] != content.get("by"):
            raise _mistake(place, f"it goes by {content.get('by')}, but would set {drill}")
    limit, width = _size(place, content, NUMBER_WIDTH if chart == "number" else GRID)
    title = content.get("title", measures[0].label)
    ordered_by = None
    if "ordered_by" in content:
        if chart != "table":
            raise _mistake(place, "a table alone can be ordered by another column")
        _one_of(place, "column", content["ordered_by"], mart.columns)
        ordered_by = mart.columns[content["ordered_by"]]
    return Panel(
        name,
        title,
        mart,
        chart,
        measures,
        by,
        drill,
        limit,
        width,
        ordered_by=ordered_by,
        coloured_by=_coloured_by(place, content, mart),
        where=_where(place, content, mart),
        has_total=_flag(place, content, "total", True),
    )


def _coloured_by(place: str, content: Mapping[str, Any], mart: Mart) -> Column | None:
    if content["chart"] != "map":
        if "coloured_by" in content:
            raise _mistake(place, "a map alone is coloured by a rate")
        return None
    if len(content["measures"]) != 1:
        raise _mistake(place, "a map shows one measure, as the size of its circles")
    for column in PLACE:
        _one_of(place, "column", column, mart.columns)
    rates = [name for name in mart.columns if name.endswith("_pct")]
    _one_of(place, "rate", content.get("coloured_by"), rates)
    return mart.columns[content["coloured_by"]]


def _rows(place: str, name: str, content: dict[str, Any], marts: Mapping[str, Mart]) -> Panel:
    required = {"mart", "chart", "title", "columns", "sorted_by"}
    _check_keys(place, content, required, {"limit", "width", "where"})
    _one_of(place, "mart", content["mart"], marts)
    mart = marts[content["mart"]]
    words = _words(place, content, "columns")
    if not words:
        raise _mistake(place, "it has no column")
    for word in (*words, content["sorted_by"]):
        _one_of(place, "column", word, mart.columns)
    limit, width = _size(place, content, GRID)
    return Panel(
        name,
        content["title"],
        mart,
        "rows",
        measures=(),
        by=None,
        drill=None,
        limit=limit,
        width=width,
        columns=tuple(mart.columns[word] for word in words),
        sorted_by=mart.columns[content["sorted_by"]],
        where=_where(place, content, mart),
    )


def _where(place: str, content: Mapping[str, Any], mart: Mart) -> str | None:
    found: str | None = content.get("where")
    if found is not None:
        flags = [name for name, column in mart.columns.items() if column.data_type == "boolean"]
        _one_of(place, "yes-or-no column", str(found).removeprefix("not "), flags)
    return found


def _flag(place: str, content: Mapping[str, Any], key: str, default: bool) -> bool:
    found = content.get(key, default)
    if not isinstance(found, bool):
        raise _mistake(place, f"its {key} is {found!r}; it can be true or false")
    return found


def _size(place: str, content: Mapping[str, Any], default: int) -> tuple[int, int]:
    """Return how many rows a panel shows, and its width."""
    width = content.get("width", default)
    if width not in range(1, GRID + 1):
        raise _mistake(place, f"its width is {width!r}; a page has {GRID} columns")
    limit = content.get("limit", MOST_ROWS)
    if limit not in range(1, MOST_ROWS + 1):
        raise _mistake(place, f"its limit is {limit!r}; it can be from 1 to {MOST_ROWS}")
    return limit, width


def _entries(place: str, content: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return what is named under a key; nothing is none."""
    found = content.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise _mistake(place, f"{key} are entries of a name and what it stands for")
    return found


def _words(place: str, content: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return the list of names under a key; nothing is none."""
    found = content.get(key)
    if found is None:
        return ()
    if not isinstance(found, list):
        raise _mistake(place, f"{key} are a list of names: [..., ...]")
    return tuple(found)


def _check_keys(
    place: str, content: Any, required: set[str], optional: set[str] | None = None
) -> None:
    if not isinstance(content, dict):
        raise _mistake(place, f"it must have {', '.join(sorted(required))}")
    if missing := required - content.keys():
        raise _mistake(place, f"{', '.join(sorted(missing))} missing")
    if unknown := content.keys() - required - (optional or set()):
        raise _mistake(place, f"nothing is called {', '.join(sorted(unknown))} here")


def _one_of(place: str, what: str, word: Any, known: Any) -> None:
    if not isinstance(word, str) or word not in known:
        listed = ", ".join(repr(name) for name in known)
        raise _mistake(place, f"no {what} {word!r}; there are {listed}")


def _mistake(place: str, what: str) -> UserError:
    return UserError(f"{place}: {what}.")
