"""The marts as CSV, a file each, as a French spreadsheet opens them by a double click."""

import csv
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sigeti_dwh.export.content import contents, facts, is_formula, moment
from sigeti_dwh.export.selection import Reading, Selection

FIRST = "a_lire.csv"


def write(reading: Reading, selection: Selection, folder: Path) -> None:
    """Write a selection to a folder: a file of each mart, and one that says what they are."""
    about = [*facts(selection), (), ("Fichier", "Contenu", "Lignes")]
    about += [(f"{name}.csv", what, rows) for name, what, rows in contents(selection)]
    _write(folder / FIRST, about)
    for table in selection.tables:
        header = tuple(column.label for column in table.columns.values())
        path = folder / f"{table.mart.name}.csv"
        _write(path, [header])
        _write(path, reading.rows(table))


def _write(path: Path, rows: Iterable[tuple[Any, ...]]) -> None:
    # By its byte order mark a spreadsheet knows UTF-8; appending writes none.
    with path.open("a", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream, delimiter=";").writerows(map(_texts, rows))


def _texts(values: tuple[Any, ...]) -> list[str]:
    return [_text(value) for value in values]


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "VRAI" if value else "FAUX"
        case datetime():
            return str(moment(value))
        case int() | float() | Decimal() | date():
            return str(value).replace(".", ",")
    text = str(value)
    # An apostrophe makes it a text, which a spreadsheet shows without it.
    return f"'{text}" if is_formula(text) else text
