"""What an export says of itself, and how a text is kept from being a formula."""

import re
from datetime import datetime
from typing import Any

from sigeti_dwh.export.selection import Selection

FORMULA = re.compile(r"\s*[=+\-@\t\r]")
"""How a text begins that a spreadsheet would compute, at its own beginning or after spaces."""


def is_formula(text: str) -> bool:
    """Tell whether a spreadsheet would take a text for a formula."""
    return FORMULA.match(text) is not None


def facts(selection: Selection) -> list[tuple[str, Any]]:
    """Return what the reader of an export has to know, a label and a value each."""
    publication = selection.publication
    return [
        ("Données au", moment(publication.data_of)),
        ("Publiées le", moment(publication.published)),
        ("Retards calculés au", publication.reference_date),
        ("Compte", selection.login),
        ("Zones visibles", ", ".join(selection.zones) or "aucune"),
        ("Marts", "tous ceux du compte" if selection.is_whole else "choisis par --mart"),
        ("Montants", "en FCFA ; un taux se recalcule à partir des sommes"),
    ]


def contents(selection: Selection) -> list[tuple[str, str, int]]:
    """Return what is in an export: each mart, what a row of it is, and the number of rows."""
    return [
        (table.mart.name, table.mart.description.split(". ")[0], table.rows)
        for table in selection.tables
    ]


def moment(value: datetime) -> datetime:
    """Return a moment without its time zone, which is UTC: the hour of Abidjan."""
    return value.replace(tzinfo=None, microsecond=0)
