"""The same look at a warehouse whose tables are on Spark: rows, freshness, nights and tests."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sigeti_dwh.errors import UserError
from sigeti_dwh.load.public_holidays import known_holidays
from sigeti_dwh.monitor import guards, history, records
from sigeti_dwh.monitor.findings import ORDER
from sigeti_dwh.monitor.freshness import judge_freshness
from sigeti_dwh.monitor.objects import MEASURED, Measure, layer_of
from sigeti_dwh.monitor.selection import Selection
from sigeti_dwh.monitor.survey import Survey
from sigeti_dwh.monitor.thresholds import thresholds
from sigeti_dwh.schedule import read_schedules
from sigeti_dwh.settings import Settings, read_variables
from sigeti_dwh.spark.connection import Connection, connect
from sigeti_dwh.spark.server import SparkServer
from sigeti_dwh.warehouse import meta
from sigeti_dwh.warehouse.database import connect as connect_postgres


def survey_spark(
    settings: Settings, server: SparkServer, selection: Selection, *, record: bool
) -> Survey:
    """Count the tables and views there, and judge them by the records in PostgreSQL.

    Raises UserError when the cluster or the records cannot be reached, or there is nothing yet.
    """
    now = datetime.now(UTC)
    zone = read_schedules(read_variables())[0].zone
    with connect(server) as connection:
        known = list(_objects(connection, settings.schema))
        if not known:
            raise UserError(f"The {server} is empty.\n./run_pipeline.sh fills it.")
        selection.require([(layer, name) for layer, name, _ in known])
        counted = [one for one in known if selection.has(one[0], one[1])]
        measures = _counted(connection, counted)
        published = dict(_published(connection, settings.schema, settings.areas))
    with connect_postgres(settings.warehouse, autocommit=True) as link:
        meta.require_prefix(link, settings.schema)
        measures = [
            replace(one, published=published.get(one.name.partition(".")[2]))
            if one.layer == "marts"
            else one
            for one in records.with_times(link, settings.schema, measures)
        ]
        seen = history.seen_before(link, [one.name for one in measures])
        holidays = known_holidays(now.year)
        findings = judge_freshness(measures, thresholds(), now, zone, holidays)
        odd, strange = guards.judge_rows(measures, seen, now)
        findings += odd + guards.judge_columns(measures, seen)
        if selection.is_all:
            findings += records.judge_runs(link)
        trouble = history.remember(link, measures, strange) if record else None
        nights = records.last_nights(link, 10)
        usual = records.usual_seconds(link, nights[0]) if nights else None
    findings.sort(key=lambda finding: (ORDER.index(finding.level), finding.object))
    notes = [f"This look is not remembered: {trouble}."] if trouble else []
    return Survey(
        now, str(server), measures, findings, nights=nights, usual=usual, seen=seen, notes=notes
    )


def _objects(connection: Connection, prefix: str) -> Iterator[tuple[str, str, str]]:
    """Yield the layer, the name and the kind of each object of the warehouse, by layers."""
    found = []
    for (schema,) in connection.execute("show namespaces"):
        layer = layer_of(schema, prefix)
        if layer is None:
            continue
        for kind in ("table", "view"):
            for _, name, *_ in connection.execute(f"show {kind}s in {schema}"):
                found.append((layer, f"{schema}.{name}", kind))
    # Some catalogs list views among the tables as well.
    kinds = {name: (layer, name, kind) for layer, name, kind in found if "__" not in name}
    yield from sorted(kinds.values(), key=lambda one: (MEASURED.index(one[0]), one[1]))


def _counted(connection: Connection, objects: list[tuple[str, str, str]]) -> list[Measure]:
    """Return the objects with their rows, counted in one statement a layer."""
    rows: dict[str, int] = {}
    for layer in dict.fromkeys(layer for layer, _, _ in objects):
        names = [name for one, name, _ in objects if one == layer]
        counts = [f"select '{name}', count(*) from {name}" for name in names]
        rows |= dict(connection.execute(" union all ".join(counts)))
    return [Measure(layer, name, kind, rows=rows[name]) for layer, name, kind in objects]


def _published(
    connection: Connection, prefix: str, areas: Collection[str]
) -> list[tuple[Any, ...]]:
    """Return when each mart was published; nothing before the first publication."""
    return [
        (one["mart"], one["publie_le"])
        for relation in records.freshness_relations(prefix, areas)
        if connection.columns(relation)
        for one in connection.records(f"select mart, publie_le from {relation}")
    ]
