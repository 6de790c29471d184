"""One warehouse in a database: a second prefix would share its records, and is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.errors import UserError
from sigeti_dwh.load.night_load import load
from sigeti_dwh.monitor import cli
from sigeti_dwh.monitor.survey import survey
from sigeti_dwh.night.run_log import RunLog
from sigeti_dwh.settings import Settings
from sigeti_dwh.warehouse.backup import back_up
from sigeti_dwh.warehouse.connection_check import check
from sigeti_dwh.warehouse.database import connect
from sigeti_dwh.warehouse.restore import restore
from sigeti_dwh.warehouse.roles import create_roles

from .conftest import fresh_database
from .warehouse import Warehouse, copy_project, plain_dbt


@pytest.fixture
def other(copied: Warehouse) -> Settings:
    """Return the settings of a second prefix in a warehouse of prefix dwh."""
    return replace(copied.settings, schema="essai")


def night(settings: Settings) -> None:
    """Begin a night."""
    with RunLog(settings):
        pass


ACTS: dict[str, Callable[[Settings], object]] = {
    "connection check": check,
    "night": night,
    "load": load,
    "monitor": lambda settings: survey(settings, record=False),
    "roles": create_roles,
    "backup": back_up,
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_second_prefix_is_refused(
    copied: Warehouse, other: Settings, act: Callable[[Settings], object]
) -> None:
    with pytest.raises(UserError) as raised:
        act(other)
    message = str(raised.value)
    assert "prefix dwh, DWH_DB_SCHEMA is essai" in message
    assert "DWH_DB_NAME" in message and len(message.splitlines()) <= 3
    assert copied.rows("select prefixe from dwh_meta.entrepot") == [("dwh",)]
    assert copied.rows("select count(*) from dwh_meta.chargements") == [(1,)]
    check(copied.settings)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["history", "factures"], 3),
        (["rows", "factures"], 3),
        (["datasource"], 3),
        (["health"], 2),
    ],
)
def test_no_command_of_the_monitor_mixes_two_prefixes(
    copied: Warehouse,
    other: Settings,
    command: list[str],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name, value in (other.environment() | {"DWH_DB_SCHEMA": "essai"}).items():
        monkeypatch.setenv(name, value)
    assert cli.main(command) == code
    said = " ".join("".join(capfd.readouterr()).split())
    assert "prefix dwh, DWH_DB_SCHEMA is essai" in said


@pytest.mark.parametrize("built", [["dwh"], ["dwh", "essai"], []])
def test_a_warehouse_of_an_earlier_version_is_known_by_its_schemas(
    copied: Warehouse, other: Settings, built: list[str]
) -> None:
    with connect(copied.settings.warehouse) as connection:
        connection.execute("drop table dwh_meta.entrepot")
        for prefix in built:
            connection.execute(
                f"create schema {prefix}_staging; "  # type: ignore[arg-type]
                f"create view {prefix}_staging.stg_factures as select 1"
            )
    if built == ["dwh"]:
        with pytest.raises(UserError, match="prefix dwh, DWH_DB_SCHEMA is essai"):
            check(other)
        with pytest.raises(UserError, match="prefix dwh, DWH_DB_SCHEMA is essai"):
            load(other)
        load(copied.settings)
    else:
        # The first that works there stays.
        check(other)
        load(other)
        with pytest.raises(UserError, match="prefix essai, DWH_DB_SCHEMA is dwh"):
            check(copied.settings)


def test_plain_dbt_is_refused_before_it_makes_a_schema(
    copied: Warehouse, other: Settings, tmp_path: Path
) -> None:
    said = plain_dbt(other, copy_project(tmp_path / "project"), "run", "--select", "dim_temps")
    assert "holds the warehouse of prefix dwh, DWH_DB_SCHEMA is essai" in said
    assert copied.rows("select nspname from pg_namespace where nspname like 'essai%'") == []


def test_a_backup_of_another_prefix_does_not_replace_the_warehouse(
    copied: Warehouse, other: Settings, server: EmbeddedServer, tmp_path: Path
) -> None:
    backup = back_up(copied.settings, tmp_path)
    with fresh_database(server, "warehouse") as target:
        elsewhere = replace(other, warehouse=target)
        with pytest.raises(UserError, match="prefix dwh, DWH_DB_SCHEMA is essai"):
            restore(elsewhere, backup.path)
        with connect(target) as connection:
            assert connection.execute("select to_regnamespace('dwh_meta')").fetchone() == (None,)
        restore(replace(elsewhere, schema="dwh"), backup.path)
        check(replace(elsewhere, schema="dwh"))
