"""All that one look at the warehouse finds: measures, findings, what the verdict is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg

from sigeti_dwh.contract import read_contract
from sigeti_dwh.database import connect
from sigeti_dwh.errors import UserError
from sigeti_dwh.monitor import guards, history, impact, records
from sigeti_dwh.monitor.findings import Finding, worst
from sigeti_dwh.monitor.freshness import judge_freshness, public_holidays
from sigeti_dwh.monitor.history import Seen
from sigeti_dwh.monitor.objects import Measure, measure
from sigeti_dwh.monitor.reconciliation import Comparison, compare, judge_totals
from sigeti_dwh.monitor.records import Night
from sigeti_dwh.monitor.thresholds import thresholds
from sigeti_dwh.schedule import read_schedules
from sigeti_dwh.settings import Settings, read_variables


@dataclass(frozen=True)
class Survey:
    """What one look found."""

    moment: datetime
    warehouse: str
    measures: list[Measure]
    findings: list[Finding]
    comparisons: list[Comparison] = field(default_factory=list)
    nights: list[Night] = field(default_factory=list)
    seen: dict[str, list[Seen]] = field(default_factory=dict)
    impact: dict[str, list[str]] = field(default_factory=dict)
    """Per object with a critical finding: the marts, dashboards and views that stand on it."""
    notes: list[str] = field(default_factory=list)
    """What could not be done, for stderr."""

    @property
    def verdict(self) -> str:
        """Return fine, warning or critical."""
        return worst(self.findings) or "fine"


def survey(
    settings: Settings,
    *,
    timeout: int = 60,
    estimate: bool = False,
    wanted: Callable[[str, str], bool] = lambda layer, name: True,
    complete: bool = True,
    record: bool = True,
) -> Survey:
    """Look at the warehouse; `complete` when nothing is left out, so that totals are compared.

    Raises UserError when the warehouse cannot be reached or is empty.
    """
    now = datetime.now(UTC)
    zone = read_schedules(read_variables())[0].zone
    demanded = thresholds()
    with connect(settings.warehouse, autocommit=True, application_name="monitor_dwh") as link:
        found = measure(link, settings.schema, timeout, estimate=estimate, wanted=wanted)
        if not found:
            raise UserError(
                f"Nothing of that is in the {settings.warehouse}.\n./run_pipeline.sh fills it."
            )
        measures = records.with_times(link, settings.schema, found)
        seen = history.seen_before(link, [one.name for one in measures])
        findings = [
            Finding(
                "warning",
                one.name,
                f"cannot be read: {one.problem}",
                f"illisible : {one.problem}",
                "access",
            )
            for one in measures
            if one.problem
        ]
        findings += judge_freshness(measures, demanded, now, zone, public_holidays(link))
        odd, strange = guards.judge_rows(measures, seen, now)
        findings += odd + guards.judge_columns(measures, seen)
        findings += guards.judge_contract(measures, read_contract())
        findings += records.judge_runs(link) if complete else []
        comparisons: list[Comparison] = []
        notes: list[str] = []
        if complete and not estimate:
            comparisons, notes = _compared(link, settings)
            findings += judge_totals(comparisons)
        if record and not estimate:
            trouble = history.remember(link, measures, strange)
            notes += [f"This look is not remembered: {trouble}."] if trouble else []
        nights = records.last_nights(link, 10)
        affected = _affected(link, findings, {one.name for one in measures})
    findings.sort(key=lambda finding: (finding.level != "critical", finding.object))
    return Survey(
        now,
        str(settings.warehouse),
        measures,
        findings,
        comparisons,
        nights,
        seen,
        affected,
        notes,
    )


def _compared(
    link: psycopg.Connection[tuple[object, ...]], settings: Settings
) -> tuple[list[Comparison], list[str]]:
    try:
        with connect(settings.source, autocommit=True, application_name="monitor_dwh") as source:
            source.execute("set statement_timeout = '30s'")
            return compare(link, settings.schema, source), []
    except UserError as error:
        told = str(error).splitlines()[0]
        return compare(link, settings.schema, None), [f"The source is not compared: {told}"]


def _affected(
    link: psycopg.Connection[tuple[object, ...]],
    findings: Sequence[Finding],
    names: set[str],
) -> dict[str, list[str]]:
    red = {
        finding.object
        for finding in findings
        if finding.level == "critical" and finding.object in names
    }
    if not red:
        return {}
    manifest = impact.read_manifest()
    return {
        name: [*impact.depending_nodes(manifest, name), *impact.depending_views(link, name)]
        for name in sorted(red)
    }
