"""The limits of bi/seuils.yml: what each measures of the published marts, and what is beyond it.

A mistake in the file is a UserError that names the entry and says what is wrong with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import yaml

from sigeti_dwh.dashboards.columns import Column, read_columns
from sigeti_dwh.dashboards.specification import Measure, read_measure
from sigeti_dwh.errors import UserError
from sigeti_dwh.folders import words
from sigeti_dwh.readers.contract import read_marts
from sigeti_dwh.readers.published import PublishedMarts
from sigeti_dwh.settings import ROOT

FILE = Path("bi/seuils.yml")
Told = Literal["all", "mail", "webhooks"]
TOLD: tuple[Told, ...] = ("all", "mail", "webhooks")
LEVELS = {
    "all": (),
    "zone": ("zone_id", "nom_zone"),
    "enterprise": ("entreprise_id", "raison_sociale"),
}
"""What a measure is taken of: the columns of the mart that name one."""
REQUIRED = {"words", "mart", "level", "measure"}
OPTIONAL = {"below", "above", "told"}


@dataclass(frozen=True)
class Threshold:
    """A limit, below or above which something is told."""

    name: str
    words: str
    mart: str
    level: str
    measure: Measure
    limit: Decimal
    is_least: bool
    """Whether it is crossed below the limit, and not above."""
    told: Told

    def zone_of(self, key: str) -> str | None:
        """Return the zone that a value's key is of, None where it is of no single one."""
        return key.split()[1] if self.level == "zone" else None

    def said(self, value: Decimal) -> str:
        """Return a value beside its limit, as a French reader has it."""
        side = "minimum" if self.is_least else "maximum"
        return f"{self._number(value)} ({side} : {self._number(self.limit)})"

    def _number(self, value: Decimal) -> str:
        decimals = 1 if self.measure.unit == "%" else 0
        number = f"{value:,.{decimals}f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
        return f"{number.replace('.', ',')} {self.measure.unit}".rstrip()


@dataclass(frozen=True)
class Value:
    """What was measured of one zone, one enterprise or all; None where that says nothing."""

    threshold: Threshold
    key: str
    """Which threshold, and of what: the same from one publication to the next."""
    subject: str
    value: Decimal | None

    @property
    def is_crossed(self) -> bool | None:
        """Tell whether it is beyond the limit, which itself is not; None of no value."""
        if self.value is None:
            return None
        limit = self.threshold.limit
        return self.value < limit if self.threshold.is_least else self.value > limit

    def __str__(self) -> str:
        """Tell it in a line."""
        told = "sans valeur" if self.value is None else self.threshold.said(self.value)
        subject = f"{self.subject} : " if self.subject else ""
        return f"{subject}{self.threshold.measure.label} {told}"


def read_thresholds(root: Path = ROOT) -> list[Threshold]:
    """Return the thresholds of a project, none without the file; raise UserError for a mistake."""
    try:
        content = yaml.safe_load((root / FILE).read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UserError(f"{FILE} cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{FILE} is not YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(content, dict):
        raise UserError(f"{FILE}: it holds no entries of a name and what it stands for.")
    columns = read_columns(root / "models")
    marts = [mart.name for mart in read_marts(root)]
    return [_threshold(str(name), one, columns, marts) for name, one in content.items()]


def measure(marts: PublishedMarts, root: Path = ROOT) -> list[Value]:
    """Return what the thresholds measure of the marts that are published now.

    A mart that is empty, or not published yet, says nothing.
    """
    return [
        value
        for threshold in read_thresholds(root)
        if marts.columns(threshold.mart)
        for value in _values(marts, threshold)
    ]


def _values(marts: PublishedMarts, threshold: Threshold) -> list[Value]:
    names = LEVELS[threshold.level]
    # Its words were checked when the file was read.
    measured = threshold.measure.sql.replace("{", "{{").replace("}", "}}")
    columns = ", ".join([*names, f"{measured} as measured"])
    groups = ", ".join(names)
    grouped = f"group by {groups} order by {groups}" if names else "having count(*) > 0"
    try:
        found = marts.rows(f"select {columns} from {{{threshold.mart}}} {grouped}")
    except UserError:
        raise
    except Exception as error:
        first = words(error).splitlines()[0]
        raise UserError(
            f"{FILE}: {threshold.name}: its measure cannot be computed: {first}"
        ) from error
    share = 100 if threshold.measure.unit == "%" else 1
    return [
        Value(
            threshold,
            " ".join([threshold.name, *(str(row[name]) for name in names[:1])]),
            str(row[names[1]]) if names else "",
            None if row["measured"] is None else Decimal(row["measured"]) * share,
        )
        for row in found
    ]


def _threshold(
    name: str,
    content: Any,
    columns: Mapping[str, Mapping[str, Column]],
    marts: Sequence[str],
) -> Threshold:
    def mistake(what: str) -> UserError:
        return UserError(f"{FILE}: {name}: {what}.")

    def one_of(key: str, known: Sequence[str]) -> str:
        if content[key] not in known:
            raise mistake(f"no {key} {content[key]!r}; there are {', '.join(known)}")
        return str(content[key])

    if not isinstance(content, dict):
        raise mistake(f"it must have {', '.join(sorted(REQUIRED))}")
    if missing := REQUIRED - content.keys():
        raise mistake(f"{', '.join(sorted(missing))} missing")
    if unknown := content.keys() - REQUIRED - OPTIONAL:
        raise mistake(f"nothing is called {', '.join(sorted(map(str, unknown)))} here")
    mart, level = one_of("mart", marts), one_of("level", list(LEVELS))
    if lacking := [column for column in LEVELS[level] if column not in columns[mart]]:
        raise mistake(f"{mart} has no {lacking[0]}, by which the level {level} goes")
    sides = [side for side in ("below", "above") if side in content]
    if len(sides) != 1:
        raise mistake("it needs either below or above")
    limit = content[sides[0]]
    if isinstance(limit, bool) or not isinstance(limit, int | float):
        raise mistake(f"{sides[0]} is {limit!r}, no number")
    told = one_of("told", TOLD) if "told" in content else "all"
    return Threshold(
        name,
        str(content["words"]),
        mart,
        level,
        read_measure(f"{FILE}: {name}", name, content["measure"], columns[mart]),
        Decimal(str(limit)),
        sides[0] == "below",
        told,  # type: ignore[arg-type]
    )
