"""What is run on a source of one size, and in which order."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import copying, fact_floor, night, statements
from benchmarks.changes import Change
from benchmarks.checkout import copy_project
from benchmarks.databases import open_databases, own_connection, settle
from benchmarks.meter import Meter
from benchmarks.results import FIRST, RAW_COPY, REFRESH, UNCHANGED, Results
from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.settings import Settings

CASES = ("refresh", "unchanged", "recent", "spread")


@dataclass(frozen=True)
class Plan:
    """What the command line asks for."""

    cases: tuple[str, ...]
    changes: tuple[Change, ...]
    repeat: int
    reuse: bool
    explain: tuple[str, ...]


class Scenario:
    """The nights on a source of one size, each from where the one before it ended."""

    def __init__(
        self,
        server: EmbeddedServer,
        state: Path,
        scale: int,
        plan: Plan,
        results: Results,
        report: Callable[[str], None],
    ) -> None:
        self.server, self.state, self.scale, self.plan = server, state, scale, plan
        self.results, self.report = results, report

    def run(self) -> None:
        """Build the warehouse, then measure the nights that are asked for."""
        self.report(f"Source of {self.scale} thousand invoices")
        settings, built = open_databases(self.server, self.scale, reuse=self.plan.reuse)
        self.settings: Settings = settings
        self.folder = copy_project(self.state / "project")
        statements.log_statements(settings, plans=bool(self.plan.explain))
        self._first(built)
        fact_floor.copy_facts(settings)
        for _ in range(self.plan.repeat):
            if "refresh" in self.plan.cases:
                self._night(REFRESH, full=True)
            if "unchanged" in self.plan.cases:
                self._night(UNCHANGED)
            for change in self.plan.changes:
                self._changed(change)

    def _first(self, built: bool) -> None:
        """Build the warehouse; one built before takes in what changed since, unmeasured."""
        if built:
            self.report("taking up the warehouse of an earlier run")
            night.run(self.settings, self.folder)
            return
        meter = Meter(self.settings.warehouse)
        with meter.measure(RAW_COPY):
            copying.copy_all(self.settings)
        copying.drop_copies(self.settings)
        self.results.add(self.scale, FIRST, meter.costs)
        self._night(FIRST)

    def _changed(self, change: Change) -> None:
        with own_connection(self.settings.source) as source:
            if not change.fits(source):
                self.report(f"{change}: the source has too few rows")
                return
            change.make(source)
        meter = Meter(self.settings.warehouse)
        with meter.measure(RAW_COPY):
            copying.copy_changed(self.settings)
        copying.drop_copies(self.settings)
        self._night(str(change))
        fact_floor.bring_touched_keys(self.settings)
        for fact in fact_floor.FACTS:
            with meter.measure(fact):
                fact_floor.make(self.settings, fact)
        self.results.add(self.scale, str(change), meter.costs)
        for fact in fact_floor.FACTS:
            fact_floor.verify(self.settings, fact)

    def _night(self, case: str, *, full: bool = False) -> None:
        self.report(case)
        settle(self.settings)
        logged = statements.Statements(self.settings.warehouse)
        costs = night.run(self.settings, self.folder, full=full)
        self.results.add(self.scale, case, costs)
        entries = logged.read()
        self.results.nodes[self.scale, case] = statements.node_costs(entries)
        for node in self.plan.explain:
            for plan in statements.plans(entries, node):
                self.report(f"\n{node}, {plan}")
