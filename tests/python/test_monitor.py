"""The monitor: what it counts, what it says of what it cannot read, its exit codes."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from sigeti_dwh.monitor.objects import Measure, layer_of, measure
from sigeti_dwh.settings import ROOT, Server, Settings
from sigeti_dwh.warehouse.database import connect

OBJECTS = """
create schema raw_sigeti;
create table raw_sigeti.lots (id int, updated_at timestamptz, _charge_le timestamptz);
insert into raw_sigeti.lots values
    (1, '2024-03-01 10:00+00', '2024-03-02 03:00+00'), (2, '2024-02-01 10:00+00', null);
create schema dwh_meta;
create table dwh_meta.changements (numero bigint, ecrit_le timestamptz);
insert into dwh_meta.changements values (1, '2024-03-02 03:01+00'), (2, '2024-03-03 03:01+00');
create table dwh_meta.avancement (relation text, fait_le timestamptz);
create schema dwh_staging;
create view dwh_staging.stg_lots as
select id as lot_id, updated_at as modifie_le from raw_sigeti.lots;
create schema dwh_facts;
create table dwh_facts.fait_collectes (
    date_debut date, source_modifie_a timestamptz, _changement bigint
);
insert into dwh_facts.fait_collectes values
    ('2024-01-15', '2024-01-16 00:00+00', 2), (current_date + 90, '2024-01-14 00:00+00', 1);
create schema dwh_marts_occupation;
create materialized view dwh_marts_occupation."Zones d'été" as select 7 as n;
create table dwh_marts_occupation.vide (annee int, mois int);
create table dwh_marts_occupation.par_mois (annee int, mois int, _changement bigint);
insert into dwh_marts_occupation.par_mois values (2024, 2, 0), (2199, 12, 0);
insert into dwh_meta.avancement
select 'dwh_marts_occupation.par_mois', '2024-03-04 03:00+00';
create schema dwh_qualite;
create table dwh_qualite.failing_rows (n int);
create schema analystes;
create table analystes.a_eux (n int);
"""


@pytest.fixture
def warehouse(warehouse_server: Server) -> Server:
    with connect(warehouse_server) as connection:
        connection.execute(OBJECTS)
    return warehouse_server


def measured(server: Server, timeout: int = 60) -> dict[str, Measure]:
    with connect(server, autocommit=True) as connection:
        return {one.name: one for one in measure(connection, "dwh", timeout)}


def run(server: Server, **more: str) -> subprocess.CompletedProcess[str]:
    """Run monitor_dwh.py as a user does, from elsewhere."""
    side = replace(server, role="warehouse")
    environment = {
        "PATH": os.environ["PATH"],
        "DWH_ENV_FILE": os.devnull,
        **Settings(replace(side, role="source"), side).environment(),
        **more,
    }
    return subprocess.run(
        [sys.executable, str(ROOT / "monitor_dwh.py")],
        env=environment,
        cwd="/",
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_every_kind_of_object_is_counted_in_the_order_of_the_layers(warehouse: Server) -> None:
    found = measured(warehouse)
    assert [(one.layer, one.name, one.kind, one.rows) for one in found.values()] == [
        ("raw", "raw_sigeti.lots", "table", 2),
        ("staging", "dwh_staging.stg_lots", "view", 2),
        ("facts", "dwh_facts.fait_collectes", "table", 2),
        ("marts", "dwh_marts_occupation.Zones d'été", "materialized view", 1),
        ("marts", "dwh_marts_occupation.par_mois", "table", 2),
        ("marts", "dwh_marts_occupation.vide", "table", 0),
    ]


def test_sizes_are_those_of_what_is_stored(warehouse: Server) -> None:
    found = measured(warehouse)
    assert found["dwh_staging.stg_lots"].size is None
    assert (found["dwh_facts.fait_collectes"].size or 0) >= 8192
    assert found["dwh_facts.fait_collectes"].toast_size == 0
    with connect(warehouse, autocommit=True) as connection:
        connection.execute("create table dwh_facts.longues (texte text)")
        connection.execute("alter table dwh_facts.longues alter texte set storage external")
        connection.execute("insert into dwh_facts.longues values (repeat('e', 20000))")
        long = measured(warehouse)["dwh_facts.longues"]
        ((size,),) = connection.execute("select pg_table_size('dwh_facts.longues')").fetchall()
        connection.execute("drop table dwh_facts.longues")
    assert long.toast_size and long.toast_size > 20000
    assert long.index_size == 0 and long.size == size


def test_dates_come_from_the_rows_and_never_from_the_future(warehouse: Server) -> None:
    found = measured(warehouse)
    raw, fact = found["raw_sigeti.lots"], found["dwh_facts.fait_collectes"]
    assert raw.source_change == datetime(2024, 3, 1, 10, tzinfo=UTC)
    assert raw.loaded == datetime(2024, 3, 2, 3, tzinfo=UTC)
    assert fact.business_date == date(2024, 1, 15)
    assert fact.source_change == datetime(2024, 1, 16, tzinfo=UTC)
    assert fact.loaded == datetime(2024, 3, 3, 3, 1, tzinfo=UTC)
    assert found["dwh_marts_occupation.vide"].business_date is None
    monthly = found["dwh_marts_occupation.par_mois"]
    assert monthly.business_date == date(2024, 2, 1)
    assert monthly.loaded == datetime(2024, 3, 4, 3, tzinfo=UTC)


def test_what_cannot_be_read_costs_one_line(warehouse: Server) -> None:
    with connect(warehouse) as connection:
        connection.execute("create view dwh_staging.stg_broken as select 1 / (random() * 0) as n")
        connection.execute("create view dwh_staging.stg_slow as select pg_sleep(600)::text as n")
    found = measured(warehouse, timeout=5)
    for name, reason in (("stg_broken", "division by zero"), ("stg_slow", "timeout")):
        one = found[f"dwh_staging.{name}"]
        assert one.rows is None and one.problem and reason in one.problem
    assert found["dwh_marts_occupation.vide"].rows == 0


def test_an_object_under_lock_is_unknown_and_never_zero(warehouse: Server) -> None:
    with connect(warehouse) as holder:
        holder.execute("lock table dwh_facts.fait_collectes")
        found = measured(warehouse)
        text = " ".join(run(warehouse).stdout.split())
    fact = found["dwh_facts.fait_collectes"]
    assert fact.rows is None and fact.problem and "lock" in fact.problem
    assert found["dwh_marts_occupation.vide"].rows == 0
    assert f"WARNING dwh_facts.fait_collectes: cannot be read: {fact.problem}" in text


def test_it_changes_nothing(warehouse: Server) -> None:
    with connect(warehouse, autocommit=True) as connection:
        measure(connection, "dwh", 60)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("create table dwh_facts.t (i int)")


def test_another_prefix_is_another_warehouse(warehouse: Server) -> None:
    assert layer_of("essai_marts_clients", "essai") == "marts"
    assert layer_of("essai_marts_clients", "dwh") is None
    assert layer_of("dwh_qualite", "dwh") is None
    with connect(warehouse, autocommit=True) as connection:
        assert {one.layer for one in measure(connection, "essai", 60)} == {"raw"}


def test_the_command_prints_accents_and_says_what_is_old(warehouse: Server) -> None:
    done = run(warehouse, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert done.returncode == 2 and "not remembered" in done.stderr
    assert "CRITICAL dwh_facts.fait_collectes: loaded" in done.stdout
    line = next(line for line in done.stdout.splitlines() if "Zones d'été" in line)
    assert " 1 " in line
    tomorrow = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"
    assert tomorrow not in done.stdout


@pytest.mark.parametrize("mistake", [{"DWH_DB_PORT": "1"}, {"DWH_DB_PORT": "x"}])
def test_it_ends_by_3_when_it_cannot_measure(mistake: dict[str, str], warehouse: Server) -> None:
    done = run(warehouse, **mistake)
    assert (done.returncode, done.stdout) == (3, "")
    assert "Traceback" not in done.stderr and len(done.stderr.splitlines()) <= 3


def test_an_empty_warehouse_is_said_to_be_empty(warehouse_server: Server) -> None:
    done = run(warehouse_server)
    assert (done.returncode, done.stdout) == (3, "")
    assert "is empty" in done.stderr and "run_pipeline.sh" in done.stderr
