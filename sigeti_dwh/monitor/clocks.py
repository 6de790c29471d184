"""What a clock that was ahead has left: versions and records that begin or end in the future."""

from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh.monitor.findings import RUN, Finding, monitor
from sigeti_dwh.monitor.records import rows

# What two machines' clocks may differ by.
TOLERATED = "10 minutes"
VERSIONED = {
    "dim_entreprises": ("entreprise_id", "snap_entreprises"),
    "dim_lots": ("lot_id", "snap_lots"),
}
VERSIONS = """
select count(*) over (), {key}, valid_from
from {dimension}
where valid_from > current_timestamp + {tolerated}::interval
order by valid_from, {key}
limit 1
"""
RECORDS = {
    "dwh_meta.executions": "greatest(debut, fin)",
    "dwh_meta.chargements": "greatest(debut, fin)",
}
LATEST = """
select max({moment}) from {records} where {moment} > current_timestamp + {tolerated}::interval
"""


def judge_clocks(connection: psycopg.Connection[Any], prefix: str) -> list[Finding]:
    """Return what lies in the future of the server's clock."""
    return [*_versions(connection, prefix), *_records(connection)]


def _versions(connection: psycopg.Connection[Any], prefix: str) -> list[Finding]:
    found = []
    for dimension, (key, snapshot) in VERSIONED.items():
        query = sql.SQL(VERSIONS).format(
            key=sql.Identifier(key),
            dimension=sql.Identifier(f"{prefix}_dimensions", dimension),
            tolerated=sql.Literal(TOLERATED),
        )
        for number, value, begins in rows(connection, query):
            relation = f"{prefix}_dimensions.{dimension}"
            found.append(
                Finding(
                    "warning",
                    relation,
                    f"{number} versions begin in the future, {key}={value} at "
                    f"{begins:%Y-%m-%d %H:%M}: a clock was ahead. Facts until then keep the one "
                    f"before. Correct dbt_valid_from in {prefix}_snapshots.{snapshot}, and run "
                    "with --full-refresh",
                    f"{number} versions commencent dans le futur, {key}={value} le "
                    f"{begins:%d/%m/%Y à %H:%M} : une horloge avançait. Corrigez dbt_valid_from "
                    f"dans {prefix}_snapshots.{snapshot}",
                    "test",
                    f"{RUN} --full-refresh",
                )
            )
    return found


def _records(connection: psycopg.Connection[Any]) -> list[Finding]:
    found = []
    for records, moment in RECORDS.items():
        query = sql.SQL(LATEST).format(
            moment=sql.SQL(moment),
            records=sql.Identifier(*records.split(".")),
            tolerated=sql.Literal(TOLERATED),
        )
        for (latest,) in rows(connection, query):
            if latest is not None:
                found.append(
                    Finding(
                        "warning",
                        records,
                        f"a record of {latest:%Y-%m-%d %H:%M} lies in the future: a clock was "
                        "ahead, or is behind now. Until then nothing is said of freshness",
                        f"un enregistrement du {latest:%d/%m/%Y à %H:%M} est dans le futur : une "
                        "horloge avançait, ou retarde",
                        "run",
                        monitor("health"),
                    )
                )
    return found
