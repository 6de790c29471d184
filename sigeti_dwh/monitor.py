"""The state of the warehouse: rows, sizes and dates of every object, layer by layer."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg import sql
from tabulate import tabulate

from sigeti_dwh.console import utf8_console
from sigeti_dwh.database import connect
from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import load_settings

CANNOT_MEASURE = 3
LAYERS = ("raw", "reference", "staging", "snapshots", "dimensions", "facts", "preparation", "marts")
KINDS = {"r": "table", "p": "table", "v": "view", "m": "materialized view"}

# What says how recent the business of a row is: the first of these that an object has.
BUSINESS_DATES = (
    "date_derniere_facture",
    "date_creation",
    "date_demande",
    "date_paiement",
    "date_debut",
    "emise_le",
    "paye_le",
    "cree_le",
    "created_at",
)
SOURCE_CHANGES = ("source_modifie_a", "modifie_le", "updated_at", "date_modification")
LOAD_TIMES = ("_charge_le", "dbt_updated_at")

OBJECTS = """
select
    n.nspname::text,
    c.relname::text,
    c.relkind::text,
    c.oid,
    array(
        select a.attname::text
        from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    )
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind = any(%s) and not c.relispartition
order by n.nspname, c.relname
"""


@dataclass(frozen=True)
class Measure:
    """What is known of one object; None where it has no such thing, or could not be read."""

    layer: str
    name: str
    """With its schema."""
    kind: str
    rows: int | None = None
    size: int | None = None
    """Bytes on disk, indexes included."""
    business_date: date | None = None
    source_change: datetime | None = None
    loaded: datetime | None = None
    problem: str | None = None
    """Why it could not be read."""


def measure(connection: psycopg.Connection[Any], prefix: str, timeout: int) -> list[Measure]:
    """Measure every table and view of the warehouse whose schemas have this prefix.

    An object that cannot be read, or not within `timeout` seconds, has its reason in `problem`.
    The connection must be in autocommit, so that the failure of one costs no other.
    """
    for setting in (
        "default_transaction_read_only = on",
        f"statement_timeout = '{timeout:d}s'",
        "lock_timeout = '2s'",
        "timezone = 'UTC'",
    ):
        connection.execute(f"set {setting}".encode())
    measures = []
    for schema, name, kind, oid, columns in connection.execute(OBJECTS, [list(KINDS)]).fetchall():
        layer = layer_of(schema, prefix)
        if layer is None:
            continue
        known = (layer, f"{schema}.{name}", KINDS[kind])
        try:
            row = connection.execute(_query(schema, name, kind, oid, columns)).fetchone()
            assert row is not None
            measures.append(Measure(*known, *row))
        except psycopg.Error as error:
            if connection.closed:
                raise
            measures.append(Measure(*known, problem=error.diag.message_primary))
    return sorted(measures, key=lambda one: LAYERS.index(one.layer))


def layer_of(schema: str, prefix: str) -> str | None:
    """Return the layer that a schema holds, None when it is not one of the warehouse's."""
    if schema == "raw_sigeti":
        return "raw"
    # Public holidays serve every warehouse of the database, whatever its prefix.
    if schema == "dwh_reference":
        return "reference"
    if schema.startswith(f"{prefix}_marts_"):
        return "marts"
    layer = schema.removeprefix(f"{prefix}_")
    return layer if layer != schema and layer in LAYERS else None


def report(measures: Sequence[Measure]) -> str:
    """Return the measures as a table, each object that could not be read with its reason below."""
    lines = [
        (
            one.layer,
            one.name,
            one.kind,
            "?" if one.rows is None else one.rows,
            _readable(one.size) if one.size is not None else "?" if one.problem else "-",
            one.business_date or "-",
            _minute(one.source_change),
            _minute(one.loaded),
        )
        for one in measures
    ]
    titles = ("layer", "object", "kind", "rows", "size", "business up to", "source changed (UTC)")
    table = tabulate(
        lines,
        headers=(*titles, "loaded (UTC)"),
        colalign=("left", "left", "left", "right", "right", "left", "left", "left"),
        disable_numparse=True,
    )
    problems = [f"? {one.name}: {one.problem}" for one in measures if one.problem]
    total = sum(one.size or 0 for one in measures)
    return "\n".join([table, "", f"{len(measures)} objects, {_readable(total)}", *problems])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the state of the warehouse; 0 when it was measured, 3 when it could not be."""
    parser = argparse.ArgumentParser(
        prog="monitor_dwh.py",
        description="Rows, sizes and dates of every object of the warehouse, layer by layer.",
        epilog="Exit code: 0 measured, 2 wrong arguments, 3 the warehouse cannot be measured.",
    )
    parser.add_argument(
        "--timeout", type=int, default=60, metavar="SECONDS", help="limit for one object (60)"
    )
    options = parser.parse_args(arguments)
    try:
        settings = load_settings()
        with connect(settings.warehouse, autocommit=True, application_name="monitor_dwh") as link:
            measures = measure(link, settings.schema, options.timeout)
        if not measures:
            raise UserError(f"The {settings.warehouse} is empty.\n./run_pipeline.sh fills it.")
    except (UserError, psycopg.Error) as error:
        print(error, file=sys.stderr)
        return CANNOT_MEASURE
    with utf8_console():
        print(report(measures))
    return 0


def _query(schema: str, name: str, kind: str, oid: int, columns: Sequence[str]) -> sql.Composed:
    # The size waits for the object's lock as the count does: it belongs in the same query.
    size = "null" if kind == "v" else f"pg_total_relation_size({oid:d}::regclass)"
    return sql.SQL("select count(*), {}, {}, {}, {} from {}").format(
        sql.SQL(size),
        _business_date(columns),
        _newest(columns, SOURCE_CHANGES),
        _load_time(schema, name, columns),
        sql.Identifier(schema, name),
    )


def _business_date(columns: Sequence[str]) -> sql.Composable:
    day: sql.Composable | None
    if {"annee", "mois"} <= set(columns) and "date_jour" not in columns:
        day = sql.SQL("make_date(annee, mois, 1)")
    else:
        day = next((sql.Identifier(name) for name in BUSINESS_DATES if name in columns), None)
    if day is None:
        return sql.SQL("null")
    # Campaigns are planned ahead: a day to come says nothing about freshness.
    return sql.SQL("cast(max({0}) filter (where {0} <= now()) as date)").format(day)


def _newest(columns: Sequence[str], candidates: Sequence[str]) -> sql.Composable:
    for column in candidates:
        if column in columns:
            return sql.SQL("max({})").format(sql.Identifier(column))
    return sql.SQL("null")


def _load_time(schema: str, name: str, columns: Sequence[str]) -> sql.Composable:
    """Return when rows were last written: by their own stamp, or by the number of their change."""
    if "_changement" not in columns or "_charge_le" in columns:
        return _newest(columns, LOAD_TIMES)
    return sql.SQL(
        "greatest((select ecrit_le from dwh_meta.changements where numero = max(_changement)), "
        "(select fait_le from dwh_meta.avancement where relation = {}))"
    ).format(f"{schema}.{name}")


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "-"


def _readable(size: int) -> str:
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TB"
