"""What readers of the marts see: the last good night or the new one, whole and tested."""

import os

import pytest
from dbt.cli.main import dbtRunner

from sigeti_dwh.errors import UserError
from sigeti_dwh.night.profiles import profile_variables
from sigeti_dwh.warehouse.database import connect

from .oracle import MARTS, RELATIONS
from .warehouse import Warehouse, environment

PUBLISHED = {name: f"dwh_{RELATIONS[name][0]}.{name}" for name in MARTS}
FRESHNESS = "select mart, donnees_au, chargement from dwh_marts_operationnel.fraicheur order by 1"


def published(warehouse: Warehouse) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of each published mart, and what the freshness table says."""
    marts = {
        name: warehouse.rows(f"select t::text from {PUBLISHED[name]} t order by 1")
        for name in MARTS
    }
    return marts | {"fraicheur": warehouse.rows(FRESHNESS)}


def test_a_failed_test_leaves_the_marts_of_the_last_good_night(warehouse: Warehouse) -> None:
    before = published(warehouse)
    warehouse.change("update factures set montant_total = montant_total + 1")
    with connect(warehouse.settings.warehouse) as connection:
        connection.execute(
            "create function refuse() returns trigger language plpgsql as "
            "'begin new.nombre_factures := -1; return new; end'"
        )
        connection.execute(
            "create trigger wrong before update on dwh_preparation.mart_portefeuille_clients "
            "for each row execute function refuse()"
        )
    with pytest.raises(UserError, match="dwh_qualite"):
        warehouse.run(checks=True)
    assert published(warehouse) == before
    wrong = "select 1 from dwh_preparation.mart_portefeuille_clients where nombre_factures = -1"
    assert warehouse.rows(wrong), "the wrong figures were prepared"
    with connect(warehouse.settings.warehouse) as connection:
        connection.execute("drop trigger wrong on dwh_preparation.mart_portefeuille_clients")
    warehouse.run(full_refresh=True)
    assert warehouse.differences() == []


def test_all_marts_change_at_one_moment(warehouse: Warehouse) -> None:
    warehouse.advance(3)
    warehouse.run()
    written = warehouse.rows(
        " union ".join(
            f"select distinct charge_le from {table} "
            f"where charge_le > (select min(charge_le) from {PUBLISHED['mart_kpi_operationnels']})"
            for table in PUBLISHED.values()
        )
    )
    assert len(written) == 1
    [moment] = written
    assert warehouse.rows("select distinct publie_le from dwh_marts_operationnel.fraicheur") == [
        moment
    ]


def test_a_column_that_may_be_null_now_is_published_so(warehouse: Warehouse) -> None:
    """Also one that its mart no longer has."""
    with connect(warehouse.settings.warehouse) as connection:
        for name in MARTS:
            table = PUBLISHED[name]
            connection.execute(f"alter table {table} add ancienne text default ''".encode())
            connection.execute(f"alter table {table} alter ancienne set not null".encode())
            connection.execute(f"alter table {table} alter ancienne drop default".encode())
    warehouse.advance(3)
    warehouse.run()
    assert warehouse.differences() == []


def test_dbt_run_prepares_and_does_not_publish(warehouse: Warehouse) -> None:
    before = published(warehouse)
    warehouse.change("update factures set montant_total = montant_total + 1")
    warehouse.load()
    with environment():
        os.environ.update(profile_variables(warehouse.settings), DWH_DB_SCHEMA="dwh")
        folder = str(warehouse.folder)
        outcome = dbtRunner().invoke(
            ["--quiet", "run", "--project-dir", folder, "--profiles-dir", folder]
        )
    assert outcome.success
    assert published(warehouse) == before
    warehouse.run()
    assert warehouse.differences() == []


def test_a_dropped_mart_comes_back_and_a_new_column_arrives(warehouse: Warehouse) -> None:
    with connect(warehouse.settings.warehouse) as connection:
        connection.execute(f"drop table {PUBLISHED['mart_occupation_zones']}")  # type: ignore[arg-type]
        connection.execute(
            f"alter table {PUBLISHED['mart_portefeuille_clients']} drop column niveau_risque"  # type: ignore[arg-type]
        )
    warehouse.run()
    assert warehouse.differences() == []


def test_comments_and_keys_are_those_of_the_contract(warehouse: Warehouse) -> None:
    uncommented = warehouse.rows(
        "select attrelid::regclass, attname from pg_attribute "
        "where attrelid = any(%s::regclass[]) and attnum > 0 and not attisdropped "
        "and col_description(attrelid, attnum) is null",
        list(PUBLISHED.values()),
    )
    assert uncommented == []
    keys = warehouse.rows(
        "select count(*) from pg_constraint where contype = 'p' and conrelid = any(%s::regclass[])",
        list(PUBLISHED.values()),
    )
    assert keys == [(len(PUBLISHED),)]


def test_a_column_added_to_a_warehouse_that_stands_is_as_its_contract_says(
    warehouse: Warehouse,
) -> None:
    columns = (
        "select attrelid::regclass::text, attnotnull from pg_attribute "
        "where attname = any(array['montant_sans_echeance', 'cumul_regle']) and attnum > 0 "
        "and attrelid::regclass::text ~ '^dwh_' order by 1"
    )
    kinds = "select attrelid::regclass::text, relkind::text from pg_attribute "
    tables = [
        name
        for name, kind in warehouse.rows(
            kinds + "join pg_class on oid = attrelid where attname = any(array["
            "'montant_sans_echeance', 'cumul_regle']) and attrelid::regclass::text ~ '^dwh_'"
        )
        if kind == "r" and "__anciennes" not in name
    ]
    before = warehouse.rows(columns)
    assert len(tables) == 7
    with connect(warehouse.settings.warehouse) as connection:
        for name in tables:
            column = "cumul_regle" if "fait_" in name else "montant_sans_echeance"
            connection.execute(f"alter table {name} drop column {column} cascade")  # type: ignore[arg-type]
    warehouse.run()
    assert warehouse.rows(columns) == before
    assert warehouse.differences() == []
