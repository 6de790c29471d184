"""A survey for programs: JSON of a fixed schema, and Prometheus' text format."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from sigeti_dwh.monitor.survey import Survey

SCHEMA_VERSION = 1
SCHEMA = Path(__file__).with_name("schema.json")
"""The JSON Schema of what as_json returns; a change that breaks readers has a new version."""
STATUS = {"fine": 0, "warning": 1, "critical": 2}


def as_json(survey: Survey) -> str:
    """Return the survey as JSON; null is unknown."""
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "moment": survey.moment.isoformat(),
        "warehouse": survey.warehouse,
        "verdict": survey.verdict,
        "objects": [
            {
                "layer": one.layer,
                "name": one.name,
                "kind": one.kind,
                "rows": one.rows,
                "estimated": one.estimated,
                "bytes": one.size,
                "index_bytes": one.index_size,
                "toast_bytes": one.toast_size,
                "business_date": one.business_date and one.business_date.isoformat(),
                "source_change": _iso(one.source_change),
                "loaded": _iso(one.loaded),
                "published": _iso(one.published),
                "seconds": round(one.seconds, 4),
                "columns": [{"name": name, "type": kind} for name, kind in one.columns],
                "problem": one.problem,
            }
            for one in survey.measures
        ],
        "findings": [
            {
                "level": finding.level,
                "kind": finding.kind,
                "object": finding.object,
                "text": finding.text,
                "impact": survey.impact.get(finding.object, []),
            }
            for finding in survey.findings
        ],
        "comparisons": [
            {
                "what": one.what,
                "values": {
                    place: None if value is None else str(value)
                    for place, value in one.values.items()
                },
            }
            for one in survey.comparisons
        ],
        "nights": [
            {
                "number": night.number,
                "began": _iso(night.began),
                "ended": _iso(night.ended),
                "state": night.state,
                "message": night.message,
                "revision": night.revision,
            }
            for night in survey.nights
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def as_prometheus(survey: Survey) -> str:
    """Return the survey as Prometheus reads it; an unknown value has no line."""
    registry = CollectorRegistry()
    labels = ("layer", "object")
    rows = Gauge("sigeti_dwh_rows", "Rows of an object.", labels, registry=registry)
    size = Gauge("sigeti_dwh_bytes", "Bytes on disk, indexes too.", labels, registry=registry)
    age = Gauge(
        "sigeti_dwh_age_seconds",
        "Seconds since the newest source change, the last load, the publication.",
        (*labels, "of"),
        registry=registry,
    )
    readable = Gauge("sigeti_dwh_readable", "Whether it can be read.", labels, registry=registry)
    found = Gauge("sigeti_dwh_findings", "What is wrong, by level.", ("level",), registry=registry)
    status = Gauge("sigeti_dwh_status", "0 fine, 1 warning, 2 critical.", registry=registry)
    for one in survey.measures:
        readable.labels(one.layer, one.name).set(one.problem is None)
        for gauge, value in ((rows, one.rows), (size, one.size)):
            if value is not None:
                gauge.labels(one.layer, one.name).set(value)
        for kind in ("source_change", "loaded", "published"):
            if moment := getattr(one, kind):
                seconds = (survey.moment - moment).total_seconds()
                age.labels(one.layer, one.name, kind).set(seconds)
    for level in ("accepted", "warning", "critical"):
        found.labels(level).set(sum(finding.level == level for finding in survey.findings))
    status.set(STATUS[survey.verdict])
    return generate_latest(registry).decode().rstrip("\n")


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
