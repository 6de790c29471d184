"""Rows, sizes and dates of every table and view of the warehouse."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh.areas import RAW
from sigeti_dwh.monitor.values import TIMES, YEARS, checked_columns, ends_of, wrong_values
from sigeti_dwh.night.layers import LAYERS

MEASURED = ("raw", "reference", *(layer.schema for layer in LAYERS))
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
LOAD_TIMES = ("_charge_le", "charge_le", "dbt_updated_at")

OBJECTS = """
select
    n.nspname::text,
    c.relname::text,
    c.relkind::text,
    c.oid,
    case when c.reltuples >= 0 then c.reltuples::bigint end,
    array(
        select array[a.attname::text, format_type(a.atttypid, a.atttypmod)]
        from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        order by a.attnum
    )
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind = any(%s) and not c.relispartition
order by n.nspname, c.relname
"""

SIZES = """
pg_total_relation_size({oid}::regclass),
pg_indexes_size({oid}::regclass),
(
    select coalesce(pg_total_relation_size(nullif(reltoastrelid, 0)), 0)
    from pg_class
    where oid = {oid}
)
"""


@dataclass(frozen=True)
class Measure:
    """What is known of one object; None where it has no such thing, or could not be read."""

    layer: str
    name: str
    """With its schema."""
    kind: str
    columns: tuple[tuple[str, str], ...] = ()
    """Name and type of each."""
    estimated: bool = False
    """Whether the rows are the planner's estimate."""
    rows: int | None = None
    size: int | None = None
    """Bytes on disk, indexes and TOAST included."""
    index_size: int | None = None
    toast_size: int | None = None
    """Of values too long for their row, with the index of those."""
    business_date: date | None = None
    source_change: datetime | None = None
    loaded: datetime | None = None
    """When it was last brought up to date, or its newest row was written."""
    published: datetime | None = None
    seconds: float = 0.0
    """How long it took to measure."""
    wrong: tuple[tuple[str, str], ...] = ()
    """Columns that hold NaN, infinity or impossible days, and which."""
    problem: str | None = None
    """Why it could not be read."""


def measure(
    connection: psycopg.Connection[Any],
    prefix: str,
    timeout: int,
    *,
    estimate: bool = False,
    wanted: Callable[[str, str], bool] = lambda layer, name: True,
) -> list[Measure]:
    """Measure the tables and views of the warehouse whose schemas have this prefix.

    With `estimate`, rows are the planner's, and no row is read for its dates. An object that cannot
    be read, or not within `timeout` seconds, has its reason in `problem`. The connection must be in
    autocommit, so that the failure of one costs no other. `wanted` chooses by layer and name.
    """
    for setting in (
        "default_transaction_read_only = on",
        f"statement_timeout = '{timeout:d}s'",
        "lock_timeout = '2s'",
        "timezone = 'UTC'",
        "datestyle = 'ISO'",
    ):
        connection.execute(f"set {setting}".encode())
    measures = [
        _measure(connection, layer, schema, name, kind, known, estimate)
        for layer, schema, name, kind, *known in _objects(connection, prefix)
        if wanted(layer, f"{schema}.{name}")
    ]
    return sorted(measures, key=lambda one: MEASURED.index(one.layer))


def all_objects(connection: psycopg.Connection[Any], prefix: str) -> list[tuple[str, str]]:
    """Return the layer and the name, with its schema, of each object of the warehouse."""
    return [(layer, f"{schema}.{name}") for layer, schema, name, *_ in _objects(connection, prefix)]


def _objects(connection: psycopg.Connection[Any], prefix: str) -> list[Sequence[Any]]:
    rows = connection.execute(OBJECTS, [list(KINDS)]).fetchall()
    return [(layer, *row) for row in rows if (layer := layer_of(row[0], prefix)) is not None]


def layer_of(schema: str, prefix: str) -> str | None:
    """Return the layer that a schema holds, None when it is not one of the warehouse's."""
    if schema == "raw_sigeti" or schema in RAW:
        return "raw"
    # Public holidays serve every warehouse of the database, whatever its prefix.
    if schema == "dwh_reference":
        return "reference"
    if schema.startswith(f"{prefix}_marts_"):
        return "marts"
    layer = schema.removeprefix(f"{prefix}_")
    return layer if layer != schema and layer in MEASURED else None


def _measure(
    connection: psycopg.Connection[Any],
    layer: str,
    schema: str,
    name: str,
    kind: str,
    known: Sequence[Any],
    estimate: bool,
) -> Measure:
    oid, tuples, columns = known
    one = Measure(layer, f"{schema}.{name}", KINDS[kind], tuple(map(tuple, columns)))
    checked = checked_columns(layer, one.columns)
    started = time.monotonic()
    try:
        # The size waits for the object's lock as the count does: it belongs in the same query.
        sizes = sql.SQL("null, null, null" if kind == "v" else SIZES.replace("{oid}", f"{oid:d}"))
        if estimate:
            rows = _planned(connection, schema, name) if kind == "v" else tuples
            query = sql.SQL("select {}::bigint, {}, null, null, null, null").format(rows, sizes)
        else:
            query = _exact(schema, name, one.columns, sizes, ends_of(checked))
        row = connection.execute(query).fetchone()
    except psycopg.Error as error:
        if connection.closed:
            raise
        problem = error.diag.message_primary or str(error)
        return replace(one, problem=problem, seconds=time.monotonic() - started)
    assert row is not None
    rows, size, index_size, toast_size, business_date, source_change, loaded, ends = row
    return replace(
        one,
        estimated=estimate,
        rows=rows,
        size=size,
        index_size=index_size,
        toast_size=toast_size,
        business_date=business_date,
        source_change=source_change,
        loaded=loaded,
        wrong=wrong_values(checked, ends) if ends else (),
        seconds=time.monotonic() - started,
    )


def _planned(connection: psycopg.Connection[Any], schema: str, name: str) -> int:
    """Return how many rows the planner expects of a view."""
    row = connection.execute(
        sql.SQL("explain (format json) select 1 from {}").format(sql.Identifier(schema, name))
    ).fetchone()
    assert row is not None
    return int(row[0][0]["Plan"]["Plan Rows"])


def _exact(
    schema: str,
    name: str,
    columns: Sequence[tuple[str, str]],
    sizes: sql.Composable,
    ends: sql.Composable,
) -> sql.Composed:
    times = [column for column, kind in columns if TIMES.match(kind)]
    return sql.SQL("select count(*), {}, {}, {}, {}, {} from {}").format(
        sizes,
        _business_date(columns, times),
        _newest(times, SOURCE_CHANGES),
        _load_time(schema, name, columns, times),
        ends,
        sql.Identifier(schema, name),
    )


def _business_date(columns: Sequence[tuple[str, str]], times: Sequence[str]) -> sql.Composable:
    day: sql.Composable | None
    numbers = {name for name, kind in columns if YEARS.match(kind)}
    if {"annee", "mois"} <= numbers and "date_jour" not in times:
        day = sql.SQL(
            "case when annee between 1 and 9999 and mois between 1 and 12 "
            "then make_date(annee::integer, mois::integer, 1) end"
        )
    else:
        day = next((sql.Identifier(name) for name in BUSINESS_DATES if name in times), None)
    if day is None:
        return sql.SQL("null")
    # Campaigns are planned ahead: a day to come says nothing about freshness.
    return sql.SQL(
        "cast(max({0}) filter (where {0} > '0001-01-01' and {0} <= now()) as date)"
    ).format(day)


def _newest(times: Sequence[str], candidates: Sequence[str]) -> sql.Composable:
    for column in candidates:
        if column in times:
            # A time to come is a wrong one, give or take the clocks. Clients cannot read all that
            # PostgreSQL can: infinite, or of far years.
            return sql.SQL(
                "cast(max({0}) filter "
                "(where {0} > '0001-01-02' and {0} < now() + interval '1 day') as timestamptz)"
            ).format(sql.Identifier(column))
    return sql.SQL("null::timestamptz")


def _load_time(
    schema: str, name: str, columns: Sequence[tuple[str, str]], times: Sequence[str]
) -> sql.Composable:
    """Return when rows were last written: by their own stamp, or by the number of their change."""
    if "_changement" not in dict(columns) or "_charge_le" in times:
        return _newest(times, LOAD_TIMES)
    return sql.SQL(
        "greatest((select ecrit_le from dwh_meta.changements where numero = max(_changement)), "
        "(select fait_le from dwh_meta.avancement where relation = {}))"
    ).format(f"{schema}.{name}")
