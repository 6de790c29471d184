"""All that one look at the warehouse finds: measures, findings, what the verdict is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg

from sigeti_dwh.errors import UserError
from sigeti_dwh.load.source_check import require_all_rows
from sigeti_dwh.load.source_tables import read_source_tables
from sigeti_dwh.monitor import guards, history, impact, records, values
from sigeti_dwh.monitor.clocks import judge_clocks
from sigeti_dwh.monitor.findings import ORDER, Finding, monitor, worst
from sigeti_dwh.monitor.freshness import judge_freshness, public_holidays
from sigeti_dwh.monitor.history import Seen
from sigeti_dwh.monitor.objects import Measure, all_objects, measure
from sigeti_dwh.monitor.reconciliation import Comparison, compare, judge_totals
from sigeti_dwh.monitor.records import Night
from sigeti_dwh.monitor.selection import Selection
from sigeti_dwh.monitor.thresholds import thresholds
from sigeti_dwh.readers.contract import read_contract
from sigeti_dwh.schedule import read_schedules
from sigeti_dwh.settings import Settings, read_variables
from sigeti_dwh.warehouse import meta
from sigeti_dwh.warehouse.database import connect

EVERYTHING = Selection()


@dataclass(frozen=True)
class Survey:
    """What one look found."""

    moment: datetime
    warehouse: str
    measures: list[Measure]
    findings: list[Finding]
    comparisons: list[Comparison] = field(default_factory=list)
    nights: list[Night] = field(default_factory=list)
    usual: tuple[int, float] | None = None
    """How many earlier nights were like the last, and the median of their seconds."""
    data: dict[str, datetime] = field(default_factory=dict)
    """Per object, the newest change at the source that is in it, as far as that is known."""
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
    selection: Selection = EVERYTHING,
    record: bool = True,
) -> Survey:
    """Look at the warehouse; when nothing is left out, totals are compared and nights judged.

    Raises UserError when the warehouse cannot be reached or is empty, or has no such object.
    """
    if settings.spark is not None:
        from sigeti_dwh.monitor.spark import survey_spark

        return survey_spark(settings, settings.spark, selection, record=record and not estimate)
    now = datetime.now(UTC)
    zone = read_schedules(read_variables())[0].zone
    demanded = thresholds()
    with connect(settings.warehouse, autocommit=True, application_name="monitor_dwh") as link:
        meta.require_prefix(link, settings.schema)
        known = all_objects(link, settings.schema)
        if not known:
            raise UserError(f"The {settings.warehouse} is empty.\n./run_pipeline.sh fills it.")
        selection.require(known)
        found = measure(link, settings.schema, timeout, estimate=estimate, wanted=selection.has)
        measures = records.with_times(link, settings.schema, found)
        seen = history.seen_before(link, [one.name for one in measures])
        findings = [
            Finding(
                "warning",
                one.name,
                f"cannot be read: {one.problem}",
                f"illisible : {one.problem}",
                "access",
                _how_to_read(one),
            )
            for one in measures
            if one.problem
        ]
        findings += judge_freshness(measures, demanded, now, zone, public_holidays(link))
        odd, strange = guards.judge_rows(measures, seen, now)
        findings += odd + guards.judge_columns(measures, seen)
        findings += guards.judge_contract(measures, read_contract())
        findings += values.judge_values(measures)
        if selection.is_all:
            findings += records.judge_runs(link) + judge_clocks(link, settings.schema)
        comparisons: list[Comparison] = []
        notes: list[str] = []
        if selection.is_all and not estimate:
            comparisons, notes = _compared(link, settings)
            findings += judge_totals(comparisons)
        if record and not estimate:
            trouble = history.remember(link, measures, strange)
            notes += [f"This look is not remembered: {trouble}."] if trouble else []
        nights = records.last_nights(link, 10)
        usual = records.usual_seconds(link, nights[0]) if nights else None
        manifest = impact.read_manifest()
        affected = _affected(link, manifest, findings, {one.name for one in measures})
    findings.sort(key=lambda finding: (ORDER.index(finding.level), finding.object))
    return Survey(
        now,
        str(settings.warehouse),
        measures,
        findings,
        comparisons,
        nights,
        usual,
        impact.newest_changes(manifest, measures),
        seen,
        affected,
        notes,
    )


def _how_to_read(one: Measure) -> str:
    """Return what to type about an object that could not be read."""
    if "statement timeout" in (one.problem or ""):
        return monitor("--select", one.name, "--timeout", "600")
    return monitor("health")


def _compared(
    link: psycopg.Connection[tuple[object, ...]], settings: Settings
) -> tuple[list[Comparison], list[str]]:
    prefix = settings.schema
    if settings.one_database:
        return compare(
            link, prefix, None, source_schema=settings.source_schema, one_database=True
        ), []
    try:
        with connect(settings.source, application_name="monitor_dwh", snapshot=True) as source:
            source.execute("set local statement_timeout = '30s'")
            require_all_rows(source, read_source_tables(settings.source_schema))
            return compare(link, prefix, source, source_schema=settings.source_schema), []
    except UserError as error:
        told = str(error).splitlines()[0]
        return compare(link, prefix, None), [f"The source is not compared: {told}"]


def _affected(
    link: psycopg.Connection[tuple[object, ...]],
    manifest: Mapping[str, Any],
    findings: Sequence[Finding],
    names: set[str],
) -> dict[str, list[str]]:
    red = {
        finding.object
        for finding in findings
        if finding.level == "critical" and finding.object in names
    }
    return {
        name: [*impact.depending_nodes(manifest, name), *impact.depending_views(link, name)]
        for name in sorted(red)
    }
