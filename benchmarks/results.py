"""What was measured, and the ratios that are looked for: each between figures of one run."""

import json
import platform
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from tabulate import tabulate

from benchmarks.changes import Change
from benchmarks.fact_floor import FACTS
from benchmarks.meter import Cost, total, typical
from benchmarks.statements import NodeCost
from sigeti_dwh.embedded.settings import machine_memory, machine_processors

PEAK_MB = 300
MADE = ("start", "load", "dimensions", "facts", "marts", "publication")
NIGHT, UNTESTED, RAW_COPY, FLOOR = "night", "night but tests", "raw COPY", "facts' floor"
FIRST, REFRESH, UNCHANGED = "first build", "full refresh with full tests", "0"
SUMS = {UNTESTED: MADE, NIGHT: (*MADE, "tests"), FLOOR: tuple(FACTS)}

Costs = dict[tuple[int, str, str], Cost]
"""What each step cost, by scale of the source, case and step."""


@dataclass(frozen=True)
class Ratio:
    """A figure beside what it is compared with; `target` is the largest good ratio."""

    invoices: str
    what: str
    compared_with: str
    unit: str
    figure: float
    other: float
    target: float | None

    @property
    def ratio(self) -> float | None:
        """Return how many times the other the figure is."""
        return self.figure / self.other if self.other else None

    @property
    def met(self) -> bool | None:
        """Tell whether the target is met; None without one."""
        return None if self.target is None else self.figure <= self.target * self.other


class Results:
    """The costs of every run, and what each dbt node cost in the last run of a case."""

    def __init__(self, changes: tuple[Change, ...]) -> None:
        self.changes = changes
        self.runs: dict[tuple[int, str, str], list[Cost]] = defaultdict(list)
        self.nodes: dict[tuple[int, str], list[NodeCost]] = {}

    def add(self, scale: int, case: str, costs: dict[str, Cost]) -> None:
        """Keep the costs of one run of a case, step by step and summed up."""
        sums = {
            name: total(costs[step] for step in steps)
            for name, steps in SUMS.items()
            if set(steps) <= set(costs)
        }
        for step, cost in (costs | sums).items():
            self.runs[scale, case, step].append(cost)

    def costs(self) -> Costs:
        """Return the median cost of each step."""
        return {key: typical(costs) for key, costs in self.runs.items()}

    def ratios(self) -> list[Ratio]:
        """Return the comparisons for which both sides were measured."""
        costs = self.costs()
        scales = sorted({scale for scale, _, _ in costs})
        found: list[Ratio] = []
        for scale in scales:
            found += _loads(costs, scale)
            found += _unchanged(costs, scale)
            for change in self.changes:
                found += _nights(costs, scale, change)
            found.append(_peak(costs, scale))
        for smaller, larger in pairwise(scales):
            found += _growth(costs, smaller, larger, self.changes)
        return found

    def __str__(self) -> str:
        """Return costs and ratios as tables."""
        return f"{_cost_table(self.costs())}\n\n{_ratio_table(self.ratios())}"

    def node_table(self, number: int) -> str:
        """Return the dearest nodes of each case."""
        return "\n\n".join(
            f"{_size(scale)} invoices, {case}: the dearest of {len(nodes)} nodes\n"
            + tabulate(
                [(node.node, node.cpu, node.seconds, node.statements) for node in nodes[:number]],
                headers=("node", "backend's CPU s", "seconds", "statements"),
                floatfmt=".2f",
            )
            for (scale, case), nodes in self.nodes.items()
        )

    def write(self, path: Path) -> None:
        """Write everything as JSON."""
        document = {
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": {
                "system": platform.system(),
                "processors": machine_processors(),
                "memory_mb": machine_memory() >> 20,
                "python": platform.python_version(),
            },
            "costs": [
                {"scale": scale, "case": case, "step": step, "runs": len(self.runs[key])}
                | asdict(cost)
                for key, cost in self.costs().items()
                for scale, case, step in [key]
            ],
            "ratios": [
                asdict(ratio) | {"ratio": ratio.ratio, "met": ratio.met} for ratio in self.ratios()
            ],
            "nodes": [
                {"scale": scale, "case": case} | asdict(node)
                for (scale, case), nodes in self.nodes.items()
                for node in nodes
            ],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _loads(costs: Costs, scale: int) -> Iterator[Ratio]:
    load, raw = costs.get((scale, FIRST, "load")), costs.get((scale, FIRST, RAW_COPY))
    if load and raw:
        size, what, other = _size(scale), "first load", "raw COPY of the same columns"
        yield Ratio(size, what, other, "seconds", load.seconds, raw.seconds, 2)
        yield Ratio(size, what, other, "database CPU", load.database, raw.database, None)


def _unchanged(costs: Costs, scale: int) -> Iterator[Ratio]:
    night = costs.get((scale, UNCHANGED, NIGHT))
    if night:
        yield Ratio(_size(scale), "night without changes", "nothing", "rows", night.rows, 0, 0)
        refresh = costs.get((scale, REFRESH, NIGHT))
        if refresh:
            yield _by_cpu(scale, "night without changes", night, REFRESH, refresh, None)


def _nights(costs: Costs, scale: int, change: Change) -> Iterator[Ratio]:
    case = str(change)
    facts_target, night_target = (2, 1 / 20) if change.rows == 1000 else (None, None)
    pairs = (
        ("load", (case, RAW_COPY), "raw COPY of the changed rows", None),
        ("load", (UNCHANGED, "load"), "load without changes: reconciliation alone", None),
        ("facts", (case, FLOOR), "hand-written SQL", facts_target),
        (NIGHT, (REFRESH, NIGHT), REFRESH, night_target),
        (NIGHT, (REFRESH, UNTESTED), f"{REFRESH}, its tests left out", None),
    )
    for step, other, name, target in pairs:
        cost, compared = costs.get((scale, case, step)), costs.get((scale, *other))
        if cost and compared:
            yield _by_cpu(scale, f"{step}, {case}", cost, name, compared, target)


def _peak(costs: Costs, scale: int) -> Ratio:
    return Ratio(
        _size(scale), "our process's peak memory", "limit", "MB", _peak_mb(costs, scale), PEAK_MB, 1
    )


def _growth(
    costs: Costs, smaller: int, larger: int, changes: tuple[Change, ...]
) -> Iterator[Ratio]:
    name = f"the same on {_size(smaller)}"
    for change in changes:
        for step in ("load", "facts", NIGHT):
            cost = costs.get((larger, str(change), step))
            compared = costs.get((smaller, str(change), step))
            if cost and compared:
                target = 1.2 if step == "facts" and change.rows == 1000 else None
                yield _by_cpu(larger, f"{step}, {change}", cost, name, compared, target)
    peaks = _peak_mb(costs, larger), _peak_mb(costs, smaller)
    yield Ratio(_size(larger), "our process's peak memory", name, "MB", *peaks, None)


def _by_cpu(
    scale: int, what: str, cost: Cost, name: str, other: Cost, target: float | None
) -> Ratio:
    return Ratio(_size(scale), what, name, "database CPU", cost.database, other.database, target)


def _peak_mb(costs: Costs, scale: int) -> float:
    nights = (cost for (of, _, step), cost in costs.items() if (of, step) == (scale, NIGHT))
    return max((night.peak_mb for night in nights), default=0)


def _cost_table(costs: Costs) -> str:
    unknown = "unknown"
    return tabulate(
        [
            (
                _size(scale),
                case,
                step,
                unknown if cost.database_cpu is None else f"{cost.database_cpu:.2f}",
                f"{cost.seconds:.2f}",
                f"{cost.own_cpu:.2f}",
                f"{cost.peak_mb:.0f}",
                cost.rows,
                f"{cost.wal_mb:.1f}",
            )
            for (scale, case, step), cost in costs.items()
        ],
        headers=(
            *("invoices", "changed rows", "step", "database CPU s", "seconds", "own CPU s"),
            *("peak MB", "rows written", "WAL MB"),
        ),
        colalign=("right", "left", "left", *["right"] * 6),
        disable_numparse=True,
    )


def _ratio_table(ratios: list[Ratio]) -> str:
    verdict = {True: "met", False: "MISSED", None: ""}
    return tabulate(
        [
            (
                ratio.invoices,
                ratio.what,
                ratio.compared_with,
                ratio.unit,
                f"{ratio.figure:.2f}",
                f"{ratio.other:.2f}",
                "" if ratio.ratio is None else f"{ratio.ratio:.3f}",
                "" if ratio.target is None else f"{ratio.target:g}",
                verdict[ratio.met],
            )
            for ratio in ratios
        ],
        headers=(
            *("invoices", "what", "compared with", "unit", "this", "other", "ratio", "at most", ""),
        ),
        colalign=("right", "left", "left", "left", *["right"] * 4, "left"),
        disable_numparse=True,
    )


def _size(scale: int) -> str:
    """Return the number of invoices."""
    return f"{scale * 1000:_}".replace("_", " ")
