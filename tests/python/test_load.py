"""The load: whatever happened at the source, the copies end as the source is."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.errors import UserError
from sigeti_dwh.load import source_check
from sigeti_dwh.warehouse.database import connect

from .conftest import fresh_database
from .copies import stale
from .warehouse import Warehouse


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(
            "update paiement_factures set montant = montant + 1 where id % 7 = 0",
            id="change column left alone",
        ),
        pytest.param(
            "update factures set notes = 'x', montant_total = 5, updated_at = '2001-01-01' "
            "where id < 9",
            id="clock set back",
        ),
        pytest.param("delete from collectes where id in (1, 2)", id="cascade"),
        pytest.param("delete from collecte_zones", id="bridge without change column"),
        pytest.param("truncate paiement_factures", id="truncate"),
        pytest.param(
            "with gone as (delete from paiement_factures where id = 1 returning *) "
            "insert into paiement_factures select * from gone",
            id="same row again",
        ),
        pytest.param(
            "insert into domaines_activites values (-300, 'NEG', 'Œuvre', null, now(), now())",
            id="key below zero",
        ),
        pytest.param(
            "update paiement_factures set facture_id = (select max(id) from factures) where id = 3",
            id="another parent",
        ),
        pytest.param(
            "insert into domaines_activites values (2147483647, 'MAX', 'X', null, now(), now())",
            id="largest key",
        ),
        pytest.param(
            "delete from paiement_factures where id in (5, 700); "
            "update paiement_factures set montant = 9 where id in (6, 300)",
            id="deleted beside changed",
        ),
        pytest.param(
            "update paiement_factures set id = id + 100000 where id between 200 and 300",
            id="as many rows under other keys",
        ),
    ],
)
def test_a_change_arrives(copied: Warehouse, statement: str) -> None:
    copied.change(statement)
    copied.load()
    assert stale(copied) == []
    assert not any(table.read or table.changed for table in copied.load().tables)


def test_a_row_committed_late_arrives(copied: Warehouse) -> None:
    with connect(copied.settings.source) as slow:
        slow.execute("update factures set montant_total = 7, updated_at = now() where id = 10")
        copied.change("update factures set montant_total = 8, updated_at = now() where id = 11")
        copied.load()
        slow.commit()
    assert stale(copied) == ["factures"]
    copied.load()
    assert stale(copied) == []


def test_a_table_restored_from_a_backup_is_read_anew(copied: Warehouse) -> None:
    copied.change(
        "create table backup as select * from paiement_factures where id < 500; "
        "insert into paiement_factures "
        "(facture_id, montant, date_paiement, created_at, updated_at) "
        "select facture_id, 1, now(), now(), now() from paiement_factures"
    )
    copied.load()
    copied.change(
        "delete from paiement_factures; insert into paiement_factures select * from backup"
    )
    result = copied.load()
    assert stale(copied) == []
    restored = next(table for table in result.tables if table.name == "paiement_factures")
    # Rows that came back as they were have a new version and did not change.
    kept = copied.rows("select count(*) from raw_sigeti.paiement_factures where id < 500")[0][0]
    assert restored.changed == restored.read - kept + _deleted(copied)


def _deleted(warehouse: Warehouse) -> int:
    query = "select count(*) from raw_sigeti.paiement_factures where _supprime_le is not null"
    count: int = warehouse.rows(query)[0][0]
    return count


def test_deleted_rows_stay_known_as_deleted(copied: Warehouse) -> None:
    copied.change("delete from paiement_factures where id = 5")
    copied.load()
    assert copied.rows(
        "select _supprime_le is not null, _chargement = (select max(chargement) from "
        "dwh_meta.chargements) from raw_sigeti.paiement_factures where id = 5"
    ) == [(True, True)]


def test_a_killed_load_leaves_the_copies_as_they_were(
    copied: Warehouse, waiting: Callable[[Warehouse], subprocess.Popen[bytes]]
) -> None:
    copied.change("update factures set montant_total = 3; delete from lots where id = 300")
    before = copied.rows("select sum(montant_total), count(*) from raw_sigeti.factures")
    process = waiting(copied)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert copied.rows("select sum(montant_total), count(*) from raw_sigeti.factures") == before
    copied.load()
    assert stale(copied) == []


@pytest.fixture
def waiting() -> Callable[[Warehouse], subprocess.Popen[bytes]]:
    """Return what starts a load in a process of its own and stops it just before its commit."""

    def start(warehouse: Warehouse) -> subprocess.Popen[bytes]:
        program = (
            "import sys, time\n"
            "from sigeti_dwh.load import night_load\n"
            "from sigeti_dwh.settings import load_settings\n"
            "def stay(*arguments):\n"
            "    print('ready', flush=True)\n"
            "    time.sleep(600)\n"
            "night_load.records.close_run = stay\n"
            "night_load.load(load_settings(), report=lambda line: None)\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            env=warehouse.settings.environment() | {"DWH_ENV_FILE": "/dev/null", "PATH": ""},
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        return process

    return start


def test_in_one_database_only_keys_and_versions_are_kept(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    with fresh_database(server, "source") as both:
        warehouse = Warehouse(both, both, tmp_path)
        warehouse.fill()
        warehouse.load()
        warehouse.change("update factures set montant_total = montant_total + 1 where id = 4")
        result = warehouse.load()
        assert {table.name: table.changed for table in result.tables if table.changed} == {
            "factures": 1
        }
        columns = warehouse.rows(
            "select column_name from information_schema.columns "
            "where table_schema = 'dwh_suivi' and table_name = 'paiement_factures' order by 1"
        )
        assert [name for (name,) in columns if not name.startswith("_")] == ["facture_id", "id"]
        warehouse.change("alter type enum_lots_statut rename value 'occupé' to 'prêté'")
        result = warehouse.load()
        # Facts read the source's own values: any of them can be another.
        assert {table.name: table.changed for table in result.tables if table.changed} == {
            "lots": warehouse.rows("select count(*) from lots")[0][0]
        }


@pytest.mark.parametrize("key", ["factures.id", "collecte_zones.zone_id"])
def test_a_row_without_a_key_is_named(copied: Warehouse, key: str) -> None:
    table, column = key.split(".")
    copied.change(
        f"alter table {table} drop constraint {table}_pkey cascade; "
        f"alter table {table} alter {column} drop not null; "
        f"update {table} set {column} = null where ctid = (select min(ctid) from {table})"
    )
    with pytest.raises(UserError, match=f"{column}.* null") as raised:
        copied.load()
    assert len(str(raised.value).splitlines()) <= 3 and "None" not in str(raised.value)


@pytest.mark.parametrize(
    "statement",
    [
        "truncate paiement_factures",
        "alter table paiement_factures alter montant type numeric(20, 4)",
    ],
)
def test_a_table_emptied_after_the_snapshot_is_not_read_as_empty(
    copied: Warehouse, statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, done = source_check.check_columns, []

    def look(source: Any, tables: Any) -> Any:
        shape = looked(source, tables)
        with connect(copied.settings.source) as other:
            other.execute("set lock_timeout = '100ms'")
            try:
                other.execute(statement)  # type: ignore[call-overload]
            except psycopg.errors.LockNotAvailable:
                done.append("waited")
        return shape

    copied.change("update paiement_factures set montant = montant + 1 where id = 3")
    monkeypatch.setattr(source_check, "check_columns", look)
    copied.load()
    assert done == ["waited"]
    assert stale(copied) == []
