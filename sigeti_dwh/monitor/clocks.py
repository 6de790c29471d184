"""What a clock that was ahead has left: versions and nights in the future."""

from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh.monitor.findings import RUN, Finding
from sigeti_dwh.monitor.records import TOLERATED, rows

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
LAST_NIGHT = """
select execution, greatest(debut, fin)
from dwh_meta.executions
where execution = (select max(execution) from dwh_meta.executions)
    and greatest(debut, fin) > current_timestamp + %s::interval
"""


def judge_clocks(connection: psycopg.Connection[Any], prefix: str) -> list[Finding]:
    """Return what lies in the future of the server's clock."""
    return [*_versions(connection, prefix), *_last_night(connection)]


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


def _last_night(connection: psycopg.Connection[Any]) -> list[Finding]:
    """Return that the clock was set back since the last night; the next one mends it."""
    return [
        Finding(
            "warning",
            f"night {number}",
            f"ended in the future, {moment:%Y-%m-%d %H:%M}: a clock was ahead, or is behind now",
            f"finie dans le futur, le {moment:%d/%m/%Y à %H:%M} : une horloge avançait, ou retarde",
            "run",
            RUN,
        )
        for number, moment in rows(connection, LAST_NIGHT, [TOLERATED])
    ]
