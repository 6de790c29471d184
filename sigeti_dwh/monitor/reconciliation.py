"""Whether source, copies, facts and marts hold the same: numbers of rows and amounts."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh.monitor.findings import Finding

COUNTED = "not ({0}is_deleted or {0}deleted_at is not null)"
FIGURES = {
    "invoices": {
        "source": f"select count(*) from public.factures where {COUNTED.format('')}",
        "staging": "select count(*) from {staging}.stg_factures where not est_supprimee",
        "fact": "select count(*) from {facts}.fait_factures",
    },
    "amount of invoices": {
        "source": f"select sum(montant_total) from public.factures where {COUNTED.format('')}",
        "staging": "select sum(montant_total) from {staging}.stg_factures where not est_supprimee",
        "fact": "select sum(montant_total) from {facts}.fait_factures",
    },
    "amount of payments": {
        "source": "select sum(p.montant) from public.paiement_factures p "
        f"join public.factures f on f.id = p.facture_id where {COUNTED.format('f.')}",
        "staging": "select sum(p.montant_paiement) from {staging}.stg_paiements p "
        "join {staging}.stg_factures f using (facture_id) where not f.est_supprimee",
        "fact": "select sum(montant_paiement) from {facts}.fait_paiements",
    },
    "requests": {
        "source": "select count(*) from public.demandes_attribution",
        "staging": "select count(*) from {staging}.stg_demandes_attribution",
        "fact": "select count(*) from {facts}.fait_attributions",
        "monthly mart": "select sum(nombre_demandes) from {operationnel}.mart_kpi_operationnels",
    },
    "amount recovered by campaigns": {
        "source": "select sum(montant_recouvre) from public.collectes",
        "staging": "select sum(montant_recouvre) from {staging}.stg_collectes",
        "fact": "select sum(montant_recouvre) from {facts}.fait_collectes",
        "monthly mart": "select sum(montant_recouvre) from {operationnel}.mart_kpi_operationnels",
    },
    "amount invoiced that counts": {
        "fact": "select sum(montant_total) from {facts}.fait_factures where est_comptee",
        "financial mart": "select sum(montant_facture) "
        "from {financier}.mart_performance_financiere",
        "zone mart": "select sum(montant_facture) from {financier}.mart_performance_zones",
        "monthly mart": "select sum(montant_facture) from {operationnel}.mart_kpi_operationnels",
    },
    "amount left to pay": {
        "fact": "select sum(montant_restant_du) from {facts}.fait_factures",
        "financial mart": "select sum(montant_restant_du) "
        "from {financier}.mart_performance_financiere",
        "zone mart": "select sum(montant_restant_du) from {financier}.mart_performance_zones",
    },
}
"""Per figure, at each place that has it, the query; deleted invoices count nowhere."""
FRENCH = {
    "invoices": "factures",
    "amount of invoices": "montant des factures",
    "amount of payments": "montant des paiements",
    "requests": "demandes",
    "amount recovered by campaigns": "montant recouvré par les campagnes",
    "amount invoiced that counts": "montant facturé retenu",
    "amount left to pay": "reste à payer",
    "source": "source",
    "staging": "préparation",
    "fact": "fait",
    "monthly mart": "mart mensuel",
    "financial mart": "mart financier",
    "zone mart": "mart des zones",
}
"""Figures and places, as the page names them."""


@dataclass(frozen=True)
class Comparison:
    """One figure at each place that has it; None where it cannot be read."""

    what: str
    values: dict[str, Decimal | None]


def compare(
    warehouse: psycopg.Connection[Any], prefix: str, source: psycopg.Connection[Any] | None
) -> list[Comparison]:
    """Return the figures, place by place; the source's where it can be reached."""
    schemas = {name: f"{prefix}_{name}" for name in ("staging", "facts")}
    schemas |= {name: f"{prefix}_marts_{name}" for name in ("financier", "operationnel")}
    names = {key: sql.Identifier(schema) for key, schema in schemas.items()}
    found = []
    for what, queries in FIGURES.items():
        values = {}
        for place, query in queries.items():
            connection = source if place == "source" else warehouse
            if connection is not None:
                values[place] = _value(connection, sql.SQL(query).format(**names))
        found.append(Comparison(what, values))
    return found


def judge_totals(comparisons: list[Comparison]) -> list[Finding]:
    """Return what differs within the warehouse; a source that has moved on since is no fault."""
    found = []
    for one in comparisons:
        inside = {
            place: value
            for place, value in one.values.items()
            if place != "source" and value is not None
        }
        if len(set(inside.values())) > 1:
            text = ", ".join(f"{place} {value}" for place, value in inside.items())
            told = ", ".join(f"{FRENCH[place]} {value}" for place, value in inside.items())
            french = f"{FRENCH[one.what]} : {told}"
            found.append(Finding("critical", one.what, text, french, "reconciliation"))
    return found


def _value(connection: psycopg.Connection[Any], query: sql.Composed) -> Decimal | None:
    try:
        row = connection.execute(query).fetchone()
    except psycopg.Error:
        if connection.closed:
            raise
        return None
    assert row is not None
    return Decimal(row[0] or 0)
