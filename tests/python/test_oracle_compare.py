"""Comparing a warehouse with the oracle, and the oracle with itself on demo sources."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg import sql

from sigeti_dwh import demo

from .oracle import MARTS, RELATIONS, compare, compare_totals, expected, totals

Connection = psycopg.Connection[Any]

REFERENCE = date(2024, 7, 15)


@pytest.fixture
def source(source_database: Connection) -> Connection:
    """Fill a demo source."""
    demo.create(source_database, reference_date=REFERENCE, report=str)
    return source_database


def publish(source: Connection, warehouse: Connection, relation: str) -> sql.Identifier:
    """Write what the oracle expects of a relation into a warehouse, and return its table."""
    schema = f"dwh_{RELATIONS[relation][0]}"
    table = sql.Identifier(schema, relation)
    columns, rows = expected(source, relation, REFERENCE)
    types = {bool: "boolean", int: "integer", str: "text", date: "date"}
    kinds = [
        next((types.get(type(value), "numeric") for value in values if value is not None), "text")
        for values in zip(*rows, strict=True)
    ]
    definition = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
        for name, kind in zip(columns, kinds, strict=True)
    )
    warehouse.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
    warehouse.execute(sql.SQL("create table {} ({})").format(table, definition))
    with warehouse.cursor().copy(sql.SQL("copy {} from stdin").format(table)) as copy:
        for row in rows:
            copy.write_row(row)
    return table


def test_equal_relations_have_no_difference(
    source: Connection, warehouse_database: Connection
) -> None:
    for relation in RELATIONS:
        publish(source, warehouse_database, relation)
        assert compare(source, warehouse_database, relation, REFERENCE) == []


def test_differences_are_named(source: Connection, warehouse_database: Connection) -> None:
    table = publish(source, warehouse_database, "fait_collectes")
    for change in (
        "delete from {} where collecte_id = 1",
        "insert into {} (collecte_id) values (0)",
        "insert into {0} select * from {0} where collecte_id = 2",
        "update {} set montant_facture = montant_facture + 0.01 where collecte_id = 3",
        "update {} set statut = statut || ' ' where collecte_id = 4",
        "alter table {} drop column nombre_zones",
    ):
        warehouse_database.execute(sql.SQL(change).format(table))
    lines = compare(source, warehouse_database, "fait_collectes", REFERENCE)
    assert [line.split(" ")[0] for line in lines] == [
        "fait_collectes:",
        "fait_collectes[collecte_id=0]:",
        "fait_collectes[collecte_id=1]:",
        "fait_collectes[collecte_id=2]:",
        "fait_collectes[collecte_id=3].montant_facture:",
        "fait_collectes[collecte_id=4].statut:",
    ]
    assert [line.split(" ", 1)[1] for line in lines[:4]] == [
        "no column nombre_zones", "extra", "missing", "2 times",
    ]  # fmt: skip


def test_relation_that_does_not_exist(source: Connection, warehouse_database: Connection) -> None:
    lines = compare(source, warehouse_database, "pont_collectes_zones", REFERENCE)
    assert lines == ["pont_collectes_zones: does not exist"]


def test_sums_that_differ_are_named(source: Connection, warehouse_database: Connection) -> None:
    for mart in MARTS:
        publish(source, warehouse_database, mart)
    assert compare_totals(source, warehouse_database, REFERENCE) == []
    warehouse_database.execute(
        "update dwh_marts_clients.mart_portefeuille_clients"
        " set nombre_demandes = nombre_demandes + 1 where entreprise_id = 1"
    )
    total = totals(source, REFERENCE)["mart_portefeuille_clients"]["nombre_demandes"]
    assert compare_totals(source, warehouse_database, REFERENCE) == [
        f"mart_portefeuille_clients.nombre_demandes: sums up to {total + 1}, expected {total}"
    ]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_oracle_agrees_with_itself(source_database: Connection, seed: int) -> None:
    """Add up the marts and the facts, before and after ten days: totals are computed apart."""
    demo.create(source_database, seed=seed, reference_date=REFERENCE, report=str)
    for _ in range(2):
        for mart, measures in totals(source_database, REFERENCE).items():
            sums = summed(source_database, mart)
            assert {name: sums[name] for name in measures} == measures
        facts = summed(source_database, "fait_factures")
        kpi = summed(source_database, "mart_kpi_operationnels")
        assert facts["montant_total"] == kpi["montant_facture"] + kpi["montant_annule"]
        assert facts["montant_regle_declare"] == kpi["montant_encaisse"]
        assert facts["nombre_paiements"] == kpi["nombre_paiements"]
        demo.advance(source_database, days=10, seed=seed, report=str)


def summed(source: Connection, relation: str) -> dict[str, Decimal]:
    """Return the sum of each number over a relation as the oracle expects it."""
    columns, rows = expected(source, relation, REFERENCE)
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        for name, value in zip(columns, row, strict=True):
            if isinstance(value, int | Decimal):
                sums[name] += value
    return sums
