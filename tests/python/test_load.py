"""The load: whatever happened at the source, the copies end as the source is."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sigeti_dwh.database import connect
from sigeti_dwh.embedded import EmbeddedServer
from sigeti_dwh.errors import UserError
from sigeti_dwh.source_tables import SourceTable, read_source_tables

from .conftest import fresh_database
from .warehouse import Warehouse


@pytest.fixture
def copied(server: EmbeddedServer, tmp_path: Path) -> Iterator[Warehouse]:
    """Make a demo source and load it once."""
    with (
        fresh_database(server, "source") as source,
        fresh_database(server, "warehouse") as target,
    ):
        warehouse = Warehouse(source, target, tmp_path)
        warehouse.fill()
        warehouse.load()
        yield warehouse


def stale(warehouse: Warehouse) -> list[str]:
    """Return the tables whose living copies are not the source's rows."""
    with (
        connect(warehouse.settings.source) as source,
        connect(warehouse.settings.warehouse) as target,
    ):
        return [
            table.name
            for table in read_source_tables()
            if _rows(source, f"public.{table.name}", "true", table)
            != _rows(target, f"raw_sigeti.{table.name}", "_supprime_le is null", table)
        ]


def _rows(connection: Any, name: str, condition: str, table: SourceTable) -> list[Any]:
    columns = ", ".join(f"cast({column} as {kind})" for column, kind in table.columns.items())
    query = f"select row({columns})::text from {name} where {condition} order by 1"
    return list(connection.execute(query).fetchall())


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
    ],
)
def test_a_change_arrives(copied: Warehouse, statement: str) -> None:
    copied.change(statement)
    copied.load()
    assert stale(copied) == []


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


def test_a_renamed_enum_value_arrives_without_any_row_written(copied: Warehouse) -> None:
    copied.change("alter type enum_lots_statut rename value 'occupé' to 'prêté'")
    copied.load()
    assert stale(copied) == []


def test_nothing_changed_nothing_travels(copied: Warehouse) -> None:
    result = copied.load()
    assert [(table.read, table.changed) for table in result.tables] == [(0, 0)] * 11


def test_no_column_outside_the_allow_list_arrives(copied: Warehouse) -> None:
    copied.change(
        "alter table entreprises add column mot_de_passe text default 'secret'; "
        "update entreprises set date_modification = now()"
    )
    copied.load()
    columns = copied.rows(
        "select column_name from information_schema.columns where table_schema = 'raw_sigeti' "
        "and table_name = 'entreprises' and column_name !~ '^_'"
    )
    allowed = next(table for table in read_source_tables() if table.name == "entreprises")
    assert {name for (name,) in columns} == set(allowed.columns)
    assert "entreprises: new columns at the source, ignored: mot_de_passe" in copied.lines


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("alter table lots rename prix to tarif", "public.lots.prix is missing, expected type"),
        (
            "alter table factures alter montant_total type text",
            "public.factures.montant_total has type text, expected numeric",
        ),
        ("drop table entreprise_domaines", "table public.entreprise_domaines is missing"),
    ],
)
def test_a_source_that_does_not_fit_stops_before_anything_is_written(
    copied: Warehouse, statement: str, words: str
) -> None:
    copied.change(statement)
    copied.change("delete from paiement_factures where id = 5")
    with pytest.raises(UserError, match=words) as raised:
        copied.load()
    assert len(str(raised.value).splitlines()) <= 3
    assert stale_copy_of(copied, "paiement_factures", 5)


def stale_copy_of(warehouse: Warehouse, table: str, key: int) -> bool:
    """Tell whether the copy of a row is still thought to live."""
    query = f"select 1 from raw_sigeti.{table} where id = %s and _supprime_le is null"
    return warehouse.rows(query, key) != []


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
            "from sigeti_dwh import load\n"
            "from sigeti_dwh.settings import load_settings\n"
            "def stay(*arguments):\n"
            "    print('ready', flush=True)\n"
            "    time.sleep(600)\n"
            "load._close_run = stay\n"
            "load.load(load_settings(), report=lambda line: None)\n"
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
            "where table_schema = 'dwh_suivi' and table_name = 'factures' order by 1"
        )
        assert [name for (name,) in columns if not name.startswith("_")] == ["collecte_id", "id"]
