"""The load of an area on Spark: its documents are kept by the records' database, as on PostgreSQL.

What is new, changed or gone is found out there, in one transaction. Spark's executors then read
these copies by JDBC.
"""

import time
from collections.abc import Callable
from ipaddress import ip_address

from psycopg import sql

from sigeti_dwh.areas import LOADS
from sigeti_dwh.errors import UserError
from sigeti_dwh.load.documents import area_load
from sigeti_dwh.load.documents.collections import read_collections
from sigeti_dwh.settings import Settings
from sigeti_dwh.spark.connection import connect, over_time
from sigeti_dwh.spark.load import make_schemas
from sigeti_dwh.spark.raw_table import jdbc_view

DOCUMENTS = {
    "cle": "string",
    "document": "string",
    "_charge_le": "timestamp",
    "_chargement": "bigint",
    "_changement": "bigint",
    "_supprime_le": "timestamp",
}
LOADED = {
    "chargement": "bigint",
    "debut": "timestamp",
    "fin": "timestamp",
    "lignes_lues": "bigint",
    "lignes_changees": "bigint",
}
ARRIVING = "documents_arrives"


def load_area(
    settings: Settings,
    area: str,
    report: Callable[[str], None] = print,
    *,
    accept_loss: bool = False,
    dry_run: bool = False,
) -> None:
    """Bring the copies in raw_<area>, there and on Spark, to the present state of its source.

    Raises UserError as the load of PostgreSQL does; nothing is written then, nor with `dry_run`.
    """
    assert settings.spark is not None
    if settings.warehouse.embedded and not _is_loopback(settings.spark.host):
        raise UserError(
            "The documents of an optional area are on the embedded server, which only this machine "
            f"reaches, not the executors of the {settings.spark}.\n"
            "Set DWH_DB_* to a PostgreSQL server that they reach (docs/spark.md)."
        )
    area_load.load_area(settings, area, report=report, accept_loss=accept_loss, dry_run=dry_run)
    if dry_run:
        return
    schema = f"raw_{area}"
    deadline = time.monotonic() + settings.layer_minutes * 60
    make_schemas(settings.spark, [schema])
    tables = {collection.name: DOCUMENTS for collection in read_collections(area)}
    with connect(settings.spark) as connection:
        for name, columns in (tables | {LOADS: LOADED}).items():
            query = _sent(sql.Identifier(schema, name), columns)
            options = {"sessionInitStatement": "set statement_timeout = 0"}
            connection.execute(jdbc_view(ARRIVING, settings.warehouse, query, options))
            received = ", ".join(_received(*column) for column in columns.items())
            try:
                connection.execute(
                    f"create or replace table {schema}.{name} using iceberg "
                    f"as select {received} from {ARRIVING}",
                    seconds=deadline - time.monotonic(),
                )
            except TimeoutError:
                raise over_time(f"The load of {schema}.{name}", settings) from None


def undo_area(settings: Settings, area: str) -> list[str]:
    """Drop everything that an area has brought, there and on Spark; return what was dropped."""
    assert settings.spark is not None
    dropped = area_load.undo_area(settings, area)
    models = set(area_load.models_of(area))
    own = {f"raw_{area}", f"{settings.schema}_marts_{area}"}
    with connect(settings.spark) as connection:
        schemas = {schema for (schema,) in connection.execute("show namespaces")}
        for schema in sorted(schemas):
            if schema not in own and not schema.startswith(f"{settings.schema}_"):
                continue
            # Some catalogs list views among the tables as well: these are gone by then.
            for kind in ("view", "table"):
                for _, name, *_ in connection.execute(f"show {kind}s in {schema}"):
                    if schema in own or name.partition("__")[0] in models:
                        # Without it Iceberg leaves the table's files.
                        purge = " purge" if kind == "table" else ""
                        connection.execute(f"drop {kind} if exists {schema}.{name}{purge}")
                        dropped.append(f"{schema}.{name}")
        for schema in sorted(own & schemas):
            connection.execute(f"drop namespace {schema}")
    return list(dict.fromkeys(dropped))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _sent(relation: sql.Identifier, columns: dict[str, str]) -> str:
    """Return the query of a copy; times travel as numbers, as in raw_table.py."""
    told = [
        sql.SQL(
            "cast(round(extract(epoch from {0}) * 1000000) as bigint) as {0}"
            if kind == "timestamp"
            else "cast({0} as text) as {0}"
            if kind == "string"
            else "{0}"
        ).format(sql.Identifier(name))
        for name, kind in columns.items()
    ]
    return sql.SQL("select {} from {}").format(sql.SQL(", ").join(told), relation).as_string()


def _received(name: str, kind: str) -> str:
    return f"timestamp_micros({name}) as {name}" if kind == "timestamp" else name
