"""What a load reads and writes: what changed, and nothing else."""

import pytest

from sigeti_dwh.load.records import LoadResult
from sigeti_dwh.warehouse.database import connect

from .copies import stale
from .warehouse import Warehouse


def touched(result: LoadResult) -> dict[str, tuple[int, int]]:
    """Return the tables of which something was read or changed, with how much."""
    return {
        table.name: (table.read, table.changed)
        for table in result.tables
        if table.read or table.changed
    }


def test_a_load_without_changes_writes_its_own_record_only(copied: Warehouse) -> None:
    before = tuples_written(copied)
    assert touched(copied.load()) == {}
    assert tuples_written(copied) == before


def tuples_written(warehouse: Warehouse) -> list[tuple[object, ...]]:
    """Return what was ever written in each table, the catalogue's tables of tables included."""
    # The counters of a session are there for sure once it has ended.
    return warehouse.rows(
        "select pg_stat_force_next_flush(), schemaname || '.' || relname, n_tup_ins, n_tup_upd, "
        "n_tup_del from pg_stat_all_tables where relname in ('pg_class', 'pg_attribute') "
        "or schemaname !~ '^(pg_|information_schema)' and relname <> 'chargements' order by 2"
    )


def test_the_rows_of_a_new_copy_are_frozen_as_they_are_written(copied: Warehouse) -> None:
    assert (
        copied.rows(
            "select relname from pg_class where relnamespace = 'raw_sigeti'::regnamespace "
            "and relkind = 'r' and reltuples > 0 and relallvisible = 0"
        )
        == []
    )


def test_a_new_copy_of_an_empty_table_has_its_key_and_takes_rows(copied: Warehouse) -> None:
    with connect(copied.settings.warehouse) as connection:
        connection.execute("drop table raw_sigeti.collecte_zones")
    copied.change("create table aside as table collecte_zones; truncate collecte_zones")
    copied.load()
    keys = "select 1 from pg_index where indrelid = 'raw_sigeti.collecte_zones'::regclass"
    assert copied.rows(f"{keys} and indisprimary") == [(1,)]
    copied.change("insert into collecte_zones table aside")
    copied.load()
    assert stale(copied) == []


@pytest.mark.parametrize(
    "changed", [(10,), (10, 300, 600, 900)], ids=["in one bucket", "in every bucket"]
)
def test_only_rows_that_changed_travel(copied: Warehouse, changed: tuple[int, ...]) -> None:
    with connect(copied.settings.source) as slow:
        for key in changed:
            slow.execute("update factures set montant_total = 7 where id = %s", [key])
        copied.change("update factures set montant_total = 8 where id = 11")
        assert touched(copied.load()) == {"factures": (1, 1)}
        slow.commit()
    number = len(changed)
    # The row of the last load was written after the slow transaction had begun.
    assert touched(copied.load()) == {"factures": (number + 1, number)}
    assert stale(copied) == []


def test_a_key_without_an_index_is_named_with_the_statement_that_makes_one(
    copied: Warehouse,
) -> None:
    copied.load()
    assert not any("create index" in line for line in copied.lines)
    copied.change(
        "alter table paiement_factures drop constraint paiement_factures_pkey; "
        "update paiement_factures set montant = 3 where id = 300; "
        "delete from paiement_factures where id = 3"
    )
    copied.load()
    assert stale(copied) == []
    [line] = [line for line in copied.lines if "create index" in line]
    copied.change(line[line.index("create index") :].replace(" concurrently", ""))
    copied.lines.clear()
    copied.change("delete from paiement_factures where id = 4")
    copied.load()
    assert stale(copied) == []
    assert not any("create index" in line for line in copied.lines)


def test_a_warehouse_of_version_1_compares_every_row_once(copied: Warehouse) -> None:
    with connect(copied.settings.warehouse) as connection:
        connection.execute(
            "drop table dwh_meta.paquets; alter table dwh_meta.chargements drop column horizon"
        )
    copied.change("update factures set montant_total = 7 where id = 10")
    assert copied.load().changed == 1
    assert stale(copied) == []
    assert touched(copied.load()) == {}
