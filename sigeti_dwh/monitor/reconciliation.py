"""Whether source, copies, facts and marts hold the same: numbers of rows and amounts."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql

from sigeti_dwh.monitor.findings import RUN, Finding

TABLES = ("factures", "paiement_factures", "demandes_attribution", "collectes")
# What is unknown is no deletion: an invoice whose flag is null exists.
EXISTS = "f.is_deleted is not true and f.deleted_at is null"
STAGED = "est_supprimee is not true"
INVOICES = f"from {{factures}} f where {EXISTS}"
PAYMENTS = f"from {{paiement_factures}} p join {{factures}} f on f.id = p.facture_id where {EXISTS}"


def _sum(column: str) -> str:
    """Return the sum of a column's numbers.

    One NaN or infinity would make it that, and hide every other difference: such values are found
    where they are (values.py). So is what no amount can hold.
    """
    return f"sum(cast({column} as numeric(18, 2))) filter (where abs({column}) < 1e16)"


FIGURES = {
    "invoices": {
        "source": f"select count(*) {INVOICES}",
        "staging": f"select count(*) from {{staging}}.stg_factures where {STAGED}",
        "fact": "select count(*) from {facts}.fait_factures",
    },
    "amount of invoices": {
        "source": f"select {_sum('f.montant_total')} {INVOICES}",
        "staging": f"select {_sum('montant_total')} from {{staging}}.stg_factures where {STAGED}",
        "fact": f"select {_sum('montant_total')} from {{facts}}.fait_factures",
    },
    "amount of payments": {
        "source": f"select {_sum('p.montant')} {PAYMENTS}",
        "staging": f"select {_sum('p.montant_paiement')} from {{staging}}.stg_paiements p "
        f"join {{staging}}.stg_factures f using (facture_id) where f.{STAGED}",
        "fact": f"select {_sum('montant_paiement')} from {{facts}}.fait_paiements",
    },
    "requests": {
        "source": "select count(*) from {demandes_attribution} d",
        "staging": "select count(*) from {staging}.stg_demandes_attribution",
        "fact": "select count(*) from {facts}.fait_attributions",
        "monthly mart": "select sum(nombre_demandes) from {operationnel}.mart_kpi_operationnels",
    },
    "amount recovered by campaigns": {
        "source": f"select {_sum('c.montant_recouvre')} from {{collectes}} c",
        "staging": f"select {_sum('montant_recouvre')} from {{staging}}.stg_collectes",
        "fact": f"select {_sum('montant_recouvre')} from {{facts}}.fait_collectes",
        "monthly mart": f"select {_sum('montant_recouvre')} "
        "from {operationnel}.mart_kpi_operationnels",
    },
    "amount invoiced that counts": {
        "fact": f"select {_sum('montant_total')} from {{facts}}.fait_factures "
        "where est_comptee is not false",
        "financial mart": f"select {_sum('montant_facture')} "
        "from {financier}.mart_performance_financiere",
        "zone mart": f"select {_sum('montant_facture')} from {{financier}}.mart_performance_zones",
        "monthly mart": f"select {_sum('montant_facture')} "
        "from {operationnel}.mart_kpi_operationnels",
    },
    "amount left to pay": {
        "fact": f"select {_sum('montant_restant_du')} from {{facts}}.fait_factures",
        "financial mart": f"select {_sum('montant_restant_du')} "
        "from {financier}.mart_performance_financiere",
        "zone mart": f"select {_sum('montant_restant_du')} "
        "from {financier}.mart_performance_zones",
    },
}
"""Per figure, at each place that has it, the query; deleted invoices count nowhere.

The copies are asked what the source is asked.
"""
FRENCH = {
    "invoices": "factures",
    "amount of invoices": "montant des factures",
    "amount of payments": "montant des paiements déclarés",
    "requests": "demandes",
    "amount recovered by campaigns": "montant recouvré déclaré par les campagnes",
    "amount invoiced that counts": "montant facturé retenu",
    "amount left to pay": "reste à payer",
    "source": "source",
    "copy": "copie",
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

    def moved(self) -> tuple[Decimal, Decimal] | None:
        """Return the source's figure and the loaded one where the source has moved on since."""
        source = self.values.get("source")
        loaded = self.values.get("copy" if "copy" in self.values else "fact")
        return None if source is None or loaded is None or source == loaded else (source, loaded)


def compare(
    warehouse: psycopg.Connection[Any],
    prefix: str,
    source: psycopg.Connection[Any] | None,
    *,
    source_schema: str = "public",
    one_database: bool = False,
) -> list[Comparison]:
    """Return the figures, place by place, as of one moment; the source's where it can be reached.

    In one database the source is the warehouse's own, and has no copies.
    """
    schemas = {name: f"{prefix}_{name}" for name in ("staging", "facts")}
    schemas |= {name: f"{prefix}_marts_{name}" for name in ("financier", "operationnel")}
    names: dict[str, sql.Composable] = {
        key: sql.Identifier(schema) for key, schema in schemas.items()
    }
    original = {table: sql.Identifier(source_schema, table) for table in TABLES}
    living = sql.SQL("(select * from {} where _supprime_le is null)")
    copied = {table: living.format(sql.Identifier("raw_sigeti", table)) for table in TABLES}
    found = []
    with warehouse.transaction():
        warehouse.execute("set transaction isolation level repeatable read")
        for what, queries in FIGURES.items():
            values = {}
            for place, query in queries.items():
                if place != "source":
                    values[place] = _value(warehouse, query, names)
                elif one_database:
                    values["source"] = _value(warehouse, query, original)
                else:
                    if source is not None:
                        values["source"] = _value(source, query, original)
                    values["copy"] = _value(warehouse, query, copied)
            found.append(Comparison(what, values))
    return found


def judge_totals(comparisons: list[Comparison]) -> list[Finding]:
    """Return what differs within the warehouse; a source that has moved on since is no fault.

    Without copies, staging is the source as it is now, and facts are as of the last night.
    """
    found = []
    for one in comparisons:
        copied = "copy" in one.values or "source" not in one.values
        now = () if copied else ("source", "staging")
        then = [place for place in one.values if place not in (*now, "source")]
        for places in (now, then):
            known = {place: value for place in places if (value := one.values[place]) is not None}
            if len(set(known.values())) > 1:
                found.append(_differs(one.what, known))
    return found


def _differs(what: str, values: Mapping[str, Decimal]) -> Finding:
    text = ", ".join(f"{place} {value}" for place, value in values.items())
    french = ", ".join(f"{FRENCH[place]} {value}" for place, value in values.items())
    return Finding(
        "critical",
        what,
        text,
        f"{FRENCH[what]} : {french}",
        "reconciliation",
        f"{RUN} --full-refresh",
    )


def _value(
    connection: psycopg.Connection[Any], query: str, names: Mapping[str, sql.Composable]
) -> Decimal | None:
    with suppress(psycopg.errors.Error), connection.transaction():
        row = connection.execute(sql.SQL(query).format(**names)).fetchone()
        assert row is not None
        return Decimal(row[0] or 0)
    if connection.closed:
        raise psycopg.OperationalError("the connection was lost")
    return None
