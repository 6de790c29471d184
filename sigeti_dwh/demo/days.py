"""Let days pass in the demo source."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import sql

from sigeti_dwh.demo.creation import DEFAULT_SEED, is_empty
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

STEPS = (
    "day_parties.sql",
    "day_requests.sql",
    "day_money.sql",
    "day_campaigns.sql",
    "day_cases.sql",
)

# Rows a day touches: the table it grows with, the mean at scale 1, the share of the table.
DAILY_CHANGES = {
    "new_entreprises": ("entreprises", 0.3, 0.0005),
    "renamed_entreprises": ("entreprises", 0.5, 0.0005),
    "changed_sectors": ("entreprises", 0.4, 0.0004),
    "added_sectors": ("entreprises", 0.6, 0.0004),
    "removed_sectors": ("entreprise_domaines", 0.5, 0.0004),
    "renamed_sectors": ("domaines_activites", 0.1, 0),
    "renamed_zones": ("zones_industrielles", 0.15, 0.01),
    "new_lots": ("lots", 0.4, 0.0003),
    "changed_prices": ("lots", 1, 0.0005),
    "changed_occupations": ("lots", 0.6, 0.0003),
    "deleted_lots": ("lots", 0.25, 0.00001),
    "new_requests": ("demandes_attribution", 1, 0.0009),
    "added_lots": ("demandes_attribution", 0.5, 0.0003),
    "removed_lots": ("demande_attribution_lots", 0.4, 0.0002),
    "steps": ("demandes_attribution", 2, 0.004),
    "decisions": ("demandes_attribution", 1, 0.0007),
    "resubmissions": ("demandes_attribution", 0.3, 0.0001),
    "added_zones": ("collectes", 0.2, 0.001),
    "removed_zones": ("collectes", 0.15, 0.001),
    "new_invoices": ("factures", 3, 0.0009),
    "new_payments": ("factures", 4, 0.001),
    "confirmations": ("paiement_factures", 3, 0.0008),
    "corrected_payments": ("paiement_factures", 0.3, 0.00005),
    "deleted_payments": ("paiement_factures", 0.5, 0.00005),
    "postponed_due_dates": ("factures", 0.4, 0.0001),
    "cancellations": ("factures", 0.6, 0.0002),
    "soft_deletes": ("factures", 0.7, 0.0002),
    "restorations": ("factures", 0.5, 0.00005),
    "closures": ("collectes", 0.2, 0.002),
    "deleted_campaigns": ("collectes", 0.06, 0.0003),
    "changed_agents": ("collectes", 0.2, 0.004),
    "agents_who_leave": ("agents", 0.02, 0.001),
    "settlements": ("suivis_implantation", 0.5, 0.004),
    "new_conventions": ("conventions", 0.1, 0.0009),
    "ended_conventions": ("conventions", 0.1, 0.0009),
    "new_infractions": ("workflow_infractions", 0.15, 0.0009),
    "infraction_steps": ("workflow_infractions", 0.4, 0.003),
    "new_convention_infractions": ("workflow_infractions_conventions", 0.05, 0.0009),
    "convention_infraction_steps": ("workflow_infractions_conventions", 0.15, 0.003),
    "new_impenses": ("impenses", 0.08, 0.0009),
    "claim_steps": ("impenses", 0.3, 0.003),
    "new_compensations": ("indemnisations", 0.15, 0.0009),
    "compensation_payments": ("indemnisations", 0.2, 0.002),
    "new_withdrawals": ("retrait_lots", 0.05, 0.0009),
    "ended_withdrawals": ("retrait_lots", 0.1, 0.0009),
    "new_convention_withdrawals": ("retrait_Conventions", 0.05, 0.0009),
    "ended_convention_withdrawals": ("retrait_Conventions", 0.04, 0.0009),
    "new_incidents": ("sinistres", 0.05, 0.0009),
    "incident_steps": ("sinistres", 0.1, 0.003),
}

# Without them each cascaded delete would read a whole table; dropped again before the commit.
HELPER_INDEXES = {
    "paiement_factures": "facture_id",
    "detail_factures": "facture_id",
    "factures": "collecte_id",
    "demande_attribution_lots": "lot_id",
    "demandes_attribution": "lot_id",
}


def advance(
    connection: Connection,
    *,
    days: int,
    seed: int | None = None,
    report: Callable[[str], Any] = print,
) -> None:
    """Apply `days` days of inserts, updates and deletes in one transaction.

    The days follow the newest change in the source. A day that the clock has reached ends now, and
    so does every further one: nothing is dated later than the clock, unless the source already
    was. The result depends on the seed and the state of the source, for today on the time as well.
    Raises UserError when `days` is below 1, or the demo source is not there or lacks tables.
    """
    if days < 1:
        raise UserError(f"The demo cannot advance {days} days.\nGive a whole number of 1 or more.")
    with connection.transaction():
        if is_empty(connection):
            raise UserError("There is no demo source to advance.\nCreate it first.")
        _require_all_tables(connection)
        prepare_session(connection)
        for table, column in HELPER_INDEXES.items():
            connection.execute(f"create index sigeti_demo_{table} on {table} ({column})")
        newest = _newest_change(connection)
        for day in range(1, days + 1):
            start, end = _next_day(newest, _clock(connection))
            _simulate(connection, start, end, DEFAULT_SEED if seed is None else seed)
            newest = end - timedelta(microseconds=1)
            report(f"Demo source: day {day} of {days}, changes up to {newest:%Y-%m-%d %H:%M} UTC")
        for table in HELPER_INDEXES:
            connection.execute(f"drop index sigeti_demo_{table}")


def _require_all_tables(connection: Connection) -> None:
    """Refuse a demo source that an earlier release made, or that lost a table."""
    missing = scalar(
        connection,
        "select string_agg(name, ', ') from unnest(%s::text[]) as name"
        " where to_regclass(quote_ident(name)) is null",
        (list(TABLES),),
    )
    if missing:
        raise UserError(
            f"The demo source lacks tables: {missing}.\n"
            "Make it anew: ./run_pipeline.sh demo --scale 1"
        )


def _next_day(newest: datetime, now: datetime) -> tuple[datetime, datetime]:
    """Return when the day after `newest` starts and ends; `now` bounds it from above."""
    midnight = newest.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    if newest >= now:
        return midnight, midnight + timedelta(days=1)
    if midnight >= now:
        return newest, now
    return midnight, min(midnight + timedelta(days=1), now)


def _simulate(connection: Connection, start: datetime, end: datetime, seed: int) -> None:
    """Apply one day's changes, dated between `start` and `end`."""
    day_seed = seed + _microseconds(start)
    generator = random.Random(day_seed)
    sizes = _last_ids(connection)
    sizes["applicants"] = sizes["entreprises"] * 96 // 100
    for change, (table, mean, share) in DAILY_CHANGES.items():
        sizes[change] = int(max(mean, share * sizes[table]) + generator.random())
    sizes["new_campaigns"] = _campaigns_due(connection, start, sizes["collectes"])
    with scratch_schema(connection, seed=day_seed, sizes=sizes):
        bounds = {"start": _microseconds(start), "end": _microseconds(end)}
        run_file(connection, "day_functions.sql", bounds)
        for name in STEPS:
            run_file(connection, name)


def _campaigns_due(connection: Connection, day: datetime, existing: int) -> int:
    """Return how many campaigns start: a month's share when the month has none yet."""
    announced = scalar(
        connection,
        "select count(*) from collectes where created_at >= date_trunc('month', %s::timestamptz)",
        (day,),
    )
    return 0 if announced else max(1, existing // 36)


def _newest_change(connection: Connection) -> datetime:
    """Return the newest change time of the source."""
    columns = connection.execute(
        "select table_name, column_name from information_schema.columns"
        " where table_schema = 'public' and table_name = any(%s)"
        " and column_name in ('updated_at', 'date_modification')",
        (list(TABLES),),
    )
    newest = sql.SQL(" union all ").join(
        sql.SQL("select max({}) as at from {}").format(
            sql.Identifier(column), sql.Identifier(table)
        )
        for table, column in columns
    )
    moment: datetime = scalar(
        connection, sql.SQL("select max(at) from ({}) as newest").format(newest)
    )
    return moment.astimezone(UTC)


def _last_ids(connection: Connection) -> dict[str, int]:
    """Return the largest id of each table."""
    last_id = sql.SQL("select coalesce(max(id), 1) from {}")
    return {
        table: scalar(connection, last_id.format(sql.Identifier(table)))
        for table in TABLES
        if table not in BRIDGES
    }


def _clock(connection: Connection) -> datetime:
    """Return the server's time: the one the source's rows are compared with."""
    now: datetime = scalar(connection, "select clock_timestamp()")
    return now.astimezone(UTC)


def _microseconds(moment: datetime) -> int:
    """Return a moment as microseconds since 1970."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
