"""Create the demo source in an empty database."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from psycopg import sql

from sigeti_dwh.demo.scratch import (
    BRIDGES,
    TABLES,
    Connection,
    prepare_session,
    run_file,
    scalar,
    scratch_schema,
)
from sigeti_dwh.errors import UserError

DEFAULT_SEED = 20240101

# At scale 1.
CASES = {
    "conventions": 40,
    "workflow_infractions": 60,
    "workflow_infractions_conventions": 20,
    "impenses": 30,
    "indemnisations": 60,
    "retrait_lots": 20,
    "retrait_Conventions": 12,
    "sinistres": 20,
}

# The load order: keys and foreign keys after the data, campaigns after the money they sum up.
STEPS = {
    "schema.sql": "tables",
    "schema_cases.sql": "tables of cases",
    "parties.sql": "enterprises, zones and sectors",
    "requests.sql": "requests",
    "lots.sql": "lots",
    "invoice_plan.sql": "plan of the invoices",
    "money.sql": "invoices and payments",
    "campaigns.sql": "campaigns",
    "agents.sql": "agents",
    "cases.sql": "cases",
    "constraints.sql": "keys",
}


def is_empty(connection: Connection) -> bool:
    """Say whether schema public holds no SIGETI table."""
    with connection.transaction():
        found = scalar(
            connection,
            "select count(*) from pg_tables where schemaname = 'public' and tablename = any(%s)",
            (list(TABLES),),
        )
    return bool(found == 0)


def create(
    connection: Connection,
    *,
    scale: int = 1,
    seed: int = DEFAULT_SEED,
    reference_date: date | None = None,
    report: Callable[[str], Any] = print,
) -> None:
    """Create and fill the SIGETI tables in one transaction.

    The data cover the three years up to the evening before `reference_date` (today in UTC unless
    given); only due dates and the starts of some campaigns lie later. Raises UserError when the
    scale is below 1 or a SIGETI table exists already.
    """
    if scale < 1:
        raise UserError(f"The demo's scale is {scale}.\nGive a whole number of 1 or more.")
    started = time.monotonic()
    day = reference_date or datetime.now(UTC).date()
    with connection.transaction():
        if not is_empty(connection):
            raise UserError(
                "The source database holds SIGETI tables already; the demo does not replace them."
                "\nEmpty the database first, or use another one."
            )
        prepare_session(connection)
        report(f"Demo source: creating scale {scale} as of {day.isoformat()}")
        sizes = _sizes(scale)
        with scratch_schema(connection, seed=seed, sizes=sizes):
            horizon = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
            run_file(connection, "create_functions.sql", {"horizon": int(horizon)})
            for name, content in STEPS.items():
                step_started = time.monotonic()
                run_file(connection, name)
                if (seconds := time.monotonic() - step_started) >= 1:
                    report(f"Demo source: {content} in {seconds:.0f} s")
            _add_geometry(connection)
        _set_sequences(connection)
    report(
        f"Demo source: {sizes['entreprises']} enterprises, {sizes['lots']} lots,"
        f" {sizes['demandes']} requests, {sizes['factures']} invoices"
        f" in {time.monotonic() - started:.1f} s"
    )


def _sizes(scale: int) -> dict[str, int]:
    """Return the number of rows of each entity, and what follows from these."""
    entreprises = round(60 * scale**0.8)
    demandes = round(200 * scale**0.8)
    factures = 1000 * scale
    zones = round(12 * scale**0.25)
    zones_with_lots = zones * 7 // 12
    collectes = round(25 * scale**0.5)
    future_collectes = max(2, collectes // 10)
    return {
        "staff": 12,
        "domaines": 18,
        "operateurs": 10,
        "zones": zones,
        "zones_with_lots": zones_with_lots,
        "entreprises": entreprises,
        # The newest enterprises have asked for nothing yet, some others have no invoice.
        "applicants": entreprises * 96 // 100,
        "clients_per_zone": entreprises * 92 // 100 // zones_with_lots,
        "lots": round(300 * scale**0.8),
        "demandes": demandes,
        "started_collectes": collectes - future_collectes,
        "future_collectes": future_collectes,
        "agents": round(12 * scale**0.25),
        "factures": factures,
        "fees_per_thousand": 1200 * demandes // factures,
        **{process: round(cases * scale**0.8) for process, cases in CASES.items()},
    }


def _add_geometry(connection: Connection) -> None:
    """Add the PostGIS columns if the extension is there or may be created, else a point as JSON."""
    run_file(connection, "postgis.sql" if _has_postgis(connection) else "points.sql")


def _has_postgis(connection: Connection) -> bool:
    """Return whether the extension is within reach; create it where that may be done."""
    available = scalar(
        connection,
        "select count(*) from pg_available_extensions where name = 'postgis' and ("
        " installed_version is not null"
        " or (select usesuper from pg_user where usename = current_user))",
    )
    if not available:
        return False
    connection.execute("create extension if not exists postgis")
    # In a schema of its own the extension is out of reach.
    return bool(scalar(connection, "select to_regtype('geometry') is not null"))


def _set_sequences(connection: Connection) -> None:
    """Let the next id of each table follow its last, and give the planner its statistics."""
    for table in TABLES:
        if table not in BRIDGES:
            connection.execute(
                sql.SQL("select setval({}::regclass, (select max(id) from {}))").format(
                    sql.Literal(f'"{table}_id_seq"'), sql.Identifier(table)
                )
            )
        connection.execute(sql.SQL("analyze {}").format(sql.Identifier(table)))
