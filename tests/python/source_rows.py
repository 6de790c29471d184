"""Rows of a SIGETI source that a test makes for itself."""

import itertools
from typing import Any

from psycopg import sql

from sigeti_dwh.warehouse.database import connect

from .warehouse import Warehouse

numbers = itertools.count(1)

# What the source demands, beyond what a test is about. Long past, so that no row seems new.
PAST = "2024-03-15 12:00+00"
STAMPS = {"created_at": PAST, "updated_at": PAST}
REQUIRED: dict[str, dict[str, Any]] = {
    "zones_industrielles": {"code": "Z{n}", "libelle": "Zone {n}", **STAMPS},
    "entreprises": {
        "raison_sociale": "Entreprise {n}",
        "telephone": "0",
        "email": "{n}@example.org",
        "date_creation": PAST,
        "date_modification": PAST,
    },
    "lots": {"numero": "LOT-{n}", "ilot": "I", "superficie": 500, "prix": 1000, **STAMPS},
    "demandes_attribution": {
        "reference": "DAZI-{n}",
        "type_demande": "ZONE_INDUSTRIELLE",
        "statut": "EN_COURS",
        "user_id": 1,
        **STAMPS,
    },
    "demande_attribution_lots": STAMPS,
    "collectes": {
        "reference": "COL-{n}",
        "date_debut": "2024-03-15",
        "date_fin_prevue": "2024-04-15",
        "cree_par": 1,
        **STAMPS,
    },
    "factures": {"numero_facture": "FAC-{n}", "date_creation": PAST, **STAMPS},
    "paiement_factures": {"date_paiement": PAST, **STAMPS},
}


def add(warehouse: Warehouse, table: str, **columns: Any) -> int:
    """Insert a row at the source and return its id."""
    number = next(numbers)
    row = {
        name: value.format(n=number) if isinstance(value, str) else value
        for name, value in (REQUIRED[table] | columns).items()
    }
    statement = sql.SQL("insert into {} ({}) values ({}) returning id").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(sql.Placeholder() * len(row)),
    )
    with connect(warehouse.settings.source) as connection:
        found = connection.execute(statement, list(row.values())).fetchone()
    assert found is not None
    identifier: int = found[0]
    return identifier


def at_source(warehouse: Warehouse, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query on the source."""
    with connect(warehouse.settings.source) as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]
