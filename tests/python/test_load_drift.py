"""A source, or a copy, whose tables are not as they were at the last load."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from sigeti_dwh.errors import UserError
from sigeti_dwh.load import source_tables
from sigeti_dwh.load.night_load import load
from sigeti_dwh.load.source_tables import read_source_tables
from sigeti_dwh.warehouse.database import connect

from .copies import stale
from .warehouse import Warehouse

Declare = Callable[[str, str, str], None]


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Declare:
    """Return what declares a column, with its type, in the allow-list."""

    def declare(table: str, column: str, kind: str) -> None:
        document = yaml.safe_load(source_tables.SOURCES.read_text(encoding="utf-8"))
        tables = next(one for one in document["sources"] if one["name"] == "sigeti")["tables"]
        columns = next(one for one in tables if one["name"] == table)["columns"]
        columns[:] = [one for one in columns if one["name"] != column]
        columns.append({"name": column, "data_type": kind})
        changed = tmp_path / "__sources.yml"
        changed.write_text(yaml.safe_dump(document), encoding="utf-8")
        monkeypatch.setattr(source_tables, "SOURCES", changed)

    return declare


def test_a_renamed_enum_value_arrives_without_any_row_written(copied: Warehouse) -> None:
    copied.change("alter type enum_lots_statut rename value 'occupé' to 'prêté'")
    copied.load()
    assert stale(copied) == []


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
    assert copied.rows("select count(*) from dwh_meta.chargements") == [(1,)]


def stale_copy_of(warehouse: Warehouse, table: str, key: int) -> bool:
    """Tell whether the copy of a row is still thought to live."""
    query = f"select 1 from raw_sigeti.{table} where id = %s and _supprime_le is null"
    return warehouse.rows(query, key) != []


def test_a_new_column_arrives_for_old_and_new_rows(copied: Warehouse, declare: Declare) -> None:
    copied.change(
        "alter table domaines_activites add column sigle text; "
        "update domaines_activites set sigle = 'S' || id where id % 2 = 0"
    )
    copied.load()
    declare("domaines_activites", "sigle", "text")
    copied.change(
        "insert into domaines_activites (id, code, libelle, created_at, updated_at, sigle) "
        "values (900, 'NEUF', 'Neuf', now(), now(), 'N'), (901, 'NUL', 'Nul', now(), now(), null)"
    )
    copied.load()
    assert stale(copied) == []
    assert copied.rows(
        "select sigle from raw_sigeti.domaines_activites where id in (2, 3, 900, 901) order by id"
    ) == [("S2",), (None,), ("N",), (None,)]


def test_another_declared_type_is_refused_until_the_copy_is_made_again(
    copied: Warehouse, declare: Declare
) -> None:
    declare("factures", "montant_total", "double precision")
    copied.change("update factures set montant_total = 10.25 where id = 1")
    with pytest.raises(UserError, match="montant_total has type numeric") as raised:
        copied.load()
    assert stale(copied) == ["factures"]
    message = str(raised.value)
    with connect(copied.settings.warehouse) as connection:
        connection.execute(message[message.index("drop table") :])  # type: ignore[arg-type]
    copied.load()
    assert stale(copied) == []


def test_a_table_made_again_is_read_whatever_versions_its_rows_have(copied: Warehouse) -> None:
    # Another server, or a restored one, gives the numbers of transactions a second time: here two
    # tables of one transaction stand for that.
    copied.change(
        "update domaines_activites set updated_at = now(); "
        "create table twin (like domaines_activites including all); "
        "insert into twin select * from domaines_activites; "
        "update twin set libelle = 'Autre'"
    )
    copied.load()
    copied.change(
        "drop table domaines_activites cascade; alter table twin rename to domaines_activites"
    )
    copied.load()
    assert stale(copied) == []


def test_a_copy_restored_alone_is_compared_row_by_row(copied: Warehouse) -> None:
    with connect(copied.settings.warehouse) as connection:
        connection.execute(
            "create table restored (like raw_sigeti.factures including all); "
            "insert into restored select * from raw_sigeti.factures; "
            "update restored set montant_total = -1 where id = 4; "
            "delete from restored where id = 5; "
            "drop table raw_sigeti.factures; "
            "alter table restored rename to factures; alter table factures set schema raw_sigeti"
        )
    copied.load()
    assert stale(copied) == []


def test_a_wider_type_is_read_as_long_as_its_values_fit(copied: Warehouse) -> None:
    copied.change(
        "alter table factures alter column id type bigint, alter column montant_total type numeric"
    )
    copied.load()
    assert stale(copied) == []


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "alter table paiement_factures alter column facture_id type bigint using facture_id; "
            "update paiement_factures set facture_id = 5000000000 where id = 3",
            [r"public\.paiement_factures\.facture_id of the row id=3", "out of range"],
        ),
        (
            "alter table demandes_attribution alter column financement type json "
            "using financement::json; "
            r"""update demandes_attribution set financement = '{"a": "\u0000"}' where id = 5""",
            [r"public\.demandes_attribution\.financement of the row id=5", "Unicode"],
        ),
    ],
)
def test_a_value_that_the_warehouse_cannot_hold_is_named(
    copied: Warehouse, statement: str, words: list[str]
) -> None:
    copied.change("set session_replication_role = replica; " + statement)
    with pytest.raises(UserError) as raised:
        copied.load()
    for word in words:
        assert re.search(word, str(raised.value)), str(raised.value)
    assert len(str(raised.value).splitlines()) <= 3


def test_a_view_or_another_schema_in_a_tables_place_is_told(copied: Warehouse) -> None:
    copied.change(
        "create schema sigeti; alter table collectes set schema sigeti; "
        "create view collectes as select * from sigeti.collectes"
    )
    with pytest.raises(UserError, match=r"public\.collectes is a view"):
        copied.load()
    copied.change("drop view collectes")
    with pytest.raises(UserError, match=r"there is sigeti\.collectes: SOURCE_DB_SCHEMA"):
        copied.load()


def test_the_source_may_have_another_schema(copied: Warehouse) -> None:
    copied.change("alter schema public rename to sigeti")
    load(replace(copied.settings, source_schema="sigeti"), report=copied.lines.append)
    copied.change("alter schema sigeti rename to public")
    assert stale(copied) == []


def test_a_type_that_the_load_cannot_read_is_told(declare: Declare, copied: Warehouse) -> None:
    declare("factures", "montant_total", "money")
    with pytest.raises(UserError, match=r"factures\.montant_total as money, which the load cannot"):
        copied.load()
