"""Databases and roles whose settings change what statements mean and how values are written."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import sql

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.marts import Marts
from sigeti_dwh.settings import ROOT, Server
from sigeti_dwh.warehouse.backup import back_up
from sigeti_dwh.warehouse.database import connect
from sigeti_dwh.warehouse.roles import create_roles
from sigeti_dwh.warehouse.session import AT_THE_SOURCE, AT_THE_WAREHOUSE, PINNED, UNLIMITED

from .conftest import at
from .readers import site_with_roles
from .warehouse import Warehouse, written

HOSTILE = {
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "sql_standard",
    "TimeZone": "Pacific/Kiritimati",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "standard_conforming_strings": "off",
    "escape_string_warning": "off",
    "backslash_quote": "off",
    "array_nulls": "off",
    "xmloption": "document",
    "quote_all_identifiers": "on",
    "transform_null_equals": "on",
    "row_security": "off",
    "check_function_bodies": "off",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "session_replication_role": "replica",
    "client_min_messages": "error",
    "lock_timeout": "1h",
    "statement_timeout": "1h",
    "idle_in_transaction_session_timeout": "1h",
    "idle_session_timeout": "1h",
    "transaction_timeout": "1h",
}
# Whoever looks here first finds a table, and functions that lie.
TRAP = """
create schema piege;
create table piege.factures (id integer);
create function piege.md5(text) returns text language sql as $$ select 'faux' $$;
create function piege.lower(text) returns text language sql as $$ select 'faux' $$;
create function piege.coalesce_faux() returns integer language sql as $$ select 0 $$;
grant usage on schema piege to public;
"""


def make_hostile(server: Server, user: str) -> None:
    """Set everything otherwise than our SQL takes it, for the database and once more for a role."""
    with connect(server, autocommit=True) as connection:
        connection.execute(TRAP)
        for whom in ("database {d}", "role {u} in database {d}"):
            for name, value in HOSTILE.items():
                statement = sql.SQL(f"alter {whom} set {{n}} to {{v}}").format(
                    d=sql.Identifier(server.name),
                    u=sql.Identifier(user),
                    n=sql.Identifier(name),
                    v=sql.Literal(value),
                )
                connection.execute(statement)
            statement = sql.SQL(f"alter {whom} set search_path to piege, pg_catalog").format(
                d=sql.Identifier(server.name), u=sql.Identifier(user)
            )
            connection.execute(statement)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Build a warehouse whose owner is no superuser, then make both sides hostile."""
    # Roles belong to a server: that of the other tests of readers has them already.
    server = EmbeddedServer(tmp_path_factory.mktemp("hostile") / "postgres")
    server.start()
    try:
        with site_with_roles(server, tmp_path_factory.mktemp("project")) as site:
            warehouse = site.warehouse
            for side in (warehouse.source, warehouse.warehouse):
                make_hostile(at(server, side.role, side.name), side.user)
            yield warehouse
    finally:
        server.stop()


def dbt(warehouse: Warehouse, *arguments: str) -> str:
    """Run plain dbt as an analyst does, in the checkout, whose profile the last run has written."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("dbt")), *arguments],
        cwd=warehouse.folder,
        env={"PATH": os.environ["PATH"], "HOME": str(warehouse.folder), "DO_NOT_TRACK": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_every_hostile_setting_is_pinned() -> None:
    assert HOSTILE.keys() <= PINNED.keys() | UNLIMITED.keys()


def test_a_session_has_our_settings_at_both_sides(hostile: Warehouse) -> None:
    sides = (
        (hostile.settings.source, AT_THE_SOURCE),
        (hostile.settings.warehouse, AT_THE_WAREHOUSE),
    )
    for server, of_its_side in sides:
        expected = PINNED | of_its_side | UNLIMITED
        with connect(server, unlimited=True) as connection:
            found = dict(connection.execute("select name, setting from pg_settings").fetchall())
            for name in HOSTILE.keys() & found.keys() - {"session_replication_role"}:
                wanted = connection.execute(
                    sql.SQL(
                        "select set_config({}, {}, true), (select setting from pg_settings "
                        "where name = {})"
                    ).format(
                        sql.Literal(name),
                        sql.Literal(expected[name]),
                        sql.Literal(name),
                    )
                ).fetchone()
                assert wanted is not None and found[name] == wanted[1], name


def test_a_night_is_the_same_whatever_is_set(hostile: Warehouse) -> None:
    hostile.advance(1)
    hostile.run(checks=True)
    assert hostile.differences() == []
    assert written(hostile.run(full_refresh=True)) == {}


def test_plain_dbt_finds_nothing_to_write(hostile: Warehouse) -> None:
    hostile.run(checks=True)
    dbt(hostile, "build", "--exclude-resource-type", "unit_test")
    results = json.loads((hostile.folder / "target" / "run_results.json").read_text("utf-8"))
    assert [
        (one["unique_id"], one["status"], one["adapter_response"].get("rows_affected"))
        for one in results["results"]
        if one["unique_id"].startswith(("model.", "snapshot."))
        and one["adapter_response"].get("rows_affected")
    ] == []
    assert hostile.differences() == []


@pytest.mark.parametrize("kind", ["table", "json", "csv", "markdown", "html", "prometheus"])
def test_the_monitor_measures_in_every_format(hostile: Warehouse, kind: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "monitor_dwh.py"), "--no-record", "--format", kind],
        env={
            "PATH": os.environ["PATH"],
            "DWH_ENV_FILE": os.devnull,
            **hostile.settings.environment(),
        },
        cwd="/",
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) in [(0, ""), (1, ""), (2, "")], done.stderr
    assert "cannot be read" not in done.stdout


def test_a_backup_and_the_roles_work(hostile: Warehouse, tmp_path: Path) -> None:
    lines: list[str] = []
    assert back_up(hostile.settings, tmp_path, report=lines.append).rows
    create_roles(hostile.settings, report=lines.append)


def test_marts_are_read_alike(hostile: Warehouse) -> None:
    with Marts(hostile.settings.warehouse) as marts:
        assert marts.freshness() and marts.performance() and marts.occupation()
        assert marts.kpi_summary()["nombre_demandes"]
