"""Mistakes of earlier warehouses on this source, 10 to 15: nights that hide, lose or break.

Mistake 12 is in test_flow.py. Each test changes the source of one warehouse and lets a night pass.
"""

import pytest

from sigeti_dwh.errors import UserError
from sigeti_dwh.warehouse.database import connect

from .source_rows import add, at_source
from .warehouse import Warehouse


def test_mistake_10_tests_after_publication_and_of_keys_alone(built: Warehouse) -> None:
    """A text that no key of the source can see as wrong stops the night before marts change."""
    before = built.content()
    client = add(built, "entreprises")
    add(built, "factures", entreprise_id=client, montant_total=900)
    built.change("alter type enum_factures_statut rename value 'Payée' to 'Pay├®e'")
    try:
        with pytest.raises(UserError, match="no_mojibake_factures"):
            built.run(checks=True)
    finally:
        built.change("alter type enum_factures_statut rename value 'Pay├®e' to 'Payée'")
    assert built.content() == before
    built.run()
    assert built.content() != before


def test_mistake_11_a_rebuilt_dimension_drops_what_stands_above(built: Warehouse) -> None:
    relations = (
        "dwh_marts_clients.mart_portefeuille_clients",
        "dwh_marts_occupation.mart_occupation_zones",
        "dwh_dimensions.dim_entreprises",
        "dwh_dimensions.dim_lots",
        "dwh_dimensions.dim_zones_industrielles",
        "dwh_staging.stg_lots",
    )
    with connect(built.settings.warehouse) as analyst:
        analyst.execute("create schema analyste")
        for number, relation in enumerate(relations):
            analyst.execute(f"create view analyste.v{number} as select * from {relation}")  # type: ignore[arg-type]
    built.advance(1)
    built.run(full_refresh=True)
    for number, relation in enumerate(relations):
        seen = built.rows(f"select count(*) from analyste.v{number}")
        assert seen == built.rows(f"select count(*) from {relation}")


def test_mistake_13_type_2_without_history_or_current_row(built: Warehouse) -> None:
    client = add(built, "entreprises", raison_sociale="Ancienne")
    zone = add(built, "zones_industrielles")
    lot = add(built, "lots", zone_industrielle_id=zone)
    built.run()
    built.change(
        "update entreprises set raison_sociale = 'Nouvelle', date_modification = '2026-07-02' "
        "where id = %s",
        client,
    )
    built.change("update lots set statut = 'occupé', updated_at = '2026-07-02' where id = %s", lot)
    built.run()
    built.change("update entreprises set raison_sociale = 'Muette' where id = %s", client)
    built.change("delete from lots where id = %s", lot)
    built.run()
    versions = built.rows(
        "select raison_sociale, is_current, valid_from::date::text, "
        "valid_to is not distinct from lead(valid_from) over (order by numero_version) "
        "from dwh_dimensions.dim_entreprises where entreprise_id = %s order by numero_version",
        client,
    )
    assert versions[:2] == [
        ("Ancienne", False, "1900-01-01", True),
        ("Nouvelle", False, "2026-07-02", True),
    ]
    assert [(name, current, closed) for name, current, _, closed in versions[2:]] == [
        ("Muette", True, True)
    ]
    assert built.rows(
        "select statut, is_current, valid_to is not null from dwh_dimensions.dim_lots "
        "where lot_id = %s order by numero_version",
        lot,
    ) == [("disponible", False, True), ("occupé", False, True)]
    for dimension, table, key in (
        ("dim_entreprises", "entreprises", "entreprise_id"),
        ("dim_lots", "lots", "lot_id"),
    ):
        assert built.rows(
            f"select {key} from dwh_dimensions.{dimension} "
            f"where is_current and {key} > 0 order by 1"
        ) == at_source(built, f"select id from {table} order by 1")


def test_mistake_14_deleted_invoices_stay(built: Warehouse) -> None:
    """Deleted softly in both ways, deleted for good, or gone with its campaign."""
    client, campaign = add(built, "entreprises"), add(built, "collectes")
    invoices = [
        add(built, "factures", entreprise_id=client, collecte_id=of, montant_total=900)
        for of in (None, None, None, campaign, None)
    ]
    for invoice in invoices:
        add(built, "paiement_factures", facture_id=invoice, montant=100)
    built.run()
    turnover = (
        "select nombre_factures, chiffre_affaires_total, montant_regle_declare "
        f"from dwh_marts_clients.mart_portefeuille_clients where entreprise_id = {client}"
    )
    assert built.rows(turnover) == [(5, 4500, 500)]
    for statement, row in (
        ("update factures set is_deleted = true where id = %s", invoices[0]),
        ("update factures set deleted_at = now() where id = %s", invoices[1]),
        ("delete from factures where id = %s", invoices[2]),
        ("delete from collectes where id = %s", campaign),
    ):
        built.change(statement, row)
    built.run()
    assert built.rows(turnover) == [(1, 900, 100)]
    for fact in ("fait_factures", "fait_paiements"):
        assert built.rows(
            f"select facture_id from dwh_facts.{fact} where facture_id = any(%s)", invoices
        ) == [(invoices[-1],)]


def test_mistake_15_enums_of_the_source_as_types(built: Warehouse) -> None:
    """A release that adds a status, or makes a type anew, changes nothing for the load."""
    lot = add(built, "lots", zone_industrielle_id=add(built, "zones_industrielles"))
    built.change("alter type enum_lots_statut add value 'litigieux'")
    built.change("update lots set statut = 'litigieux' where id = %s", lot)
    built.change(
        "create type statut_de_campagne as enum "
        "('recouvree', 'partiellement_recouvree', 'non_recouvree', 'reportee', 'suspendue'); "
        "alter table collectes alter column status drop default, "
        "alter column status type statut_de_campagne using status::text::statut_de_campagne; "
        "drop type enum_collectes_status"
    )
    built.run()
    assert built.rows(
        "select statut from dwh_dimensions.dim_lots where lot_id = %s and is_current", lot
    ) == [("litigieux",)]
    assert (
        built.rows(
            "select attrelid::regclass from pg_attribute join pg_type on pg_type.oid = atttypid "
            "where typtype = 'e'"
        )
        == []
    )
