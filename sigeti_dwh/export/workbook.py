"""The marts as one XLSX: a sheet each, typed cells, and a first sheet that says what it is."""

import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from sigeti_dwh.errors import UserError
from sigeti_dwh.export.content import contents, facts, is_formula, moment
from sigeti_dwh.export.selection import Reading, Selection, Table
from sigeti_dwh.readers.contract import Column

FIRST = "À lire"
MOST_ROWS = 1_048_576
LONGEST_NAME = 31
FORBIDDEN = re.compile(r"[\[\]:*?/\\]")
FIRST_DAY = date(1900, 1, 1)
"""Excel has no day before."""
TITLES = ("Feuille", "Mart", "Contenu", "Lignes")


def check_size(selection: Selection) -> None:
    """Raise UserError for a mart of more rows than a sheet holds."""
    for table in selection.tables:
        if table.rows >= MOST_ROWS:
            raise UserError(
                f"{table.mart.name} has {table.rows} rows; a sheet of Excel holds {MOST_ROWS}, "
                "one of them the header.\nTake --format csv, or other marts: --mart NAME."
            )


def sheet_names(labels: list[str]) -> list[str]:
    """Return a name that Excel takes for the sheet of each label, none twice."""
    names: list[str] = []
    for label in labels:
        name = FORBIDDEN.sub(" ", label)[:LONGEST_NAME].strip(" '")
        number = 1
        while name.casefold() in {FIRST.casefold(), *(known.casefold() for known in names)}:
            number += 1
            end = f" ({number})"
            name = name[: LONGEST_NAME - len(end)].removesuffix(f" ({number - 1})") + end
        names.append(name)
    return names


def write(reading: Reading, selection: Selection, path: Path) -> None:
    """Write a selection to a file; what does not fit in memory waits beside it.

    Raises UserError for a mart of more rows than a sheet holds.
    """
    check_size(selection)
    names = sheet_names([table.mart.meta["label"] for table in selection.tables])
    options = {"constant_memory": True, "tmpdir": str(path.parent), "nan_inf_to_errors": True}
    with xlsxwriter.Workbook(path, options) as book:
        book.set_properties({"title": "SIGETI", "comments": f"Données au {facts(selection)[0][1]}"})
        pen = _Pen(book)
        pen.first_sheet(book.add_worksheet(FIRST), selection, names)
        for name, table in zip(names, selection.tables, strict=True):
            pen.sheet(book.add_worksheet(name), table, reading)
        reading.end()


class _Pen:
    """Writes cells as what they are."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self._header: Format = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1}
        )
        self._title: Format = book.add_format({"bold": True, "font_size": 14})
        self._day: Format = book.add_format({"num_format": "dd/mm/yyyy", "align": "left"})
        self._moment: Format = book.add_format({"num_format": "dd/mm/yyyy hh:mm", "align": "left"})
        self._plain: Format = book.add_format({"num_format": "0"})
        self._whole: Format = book.add_format({"num_format": "#,##0"})
        self._rate: Format = book.add_format({"num_format": "0.00"})
        # The cell is a text, and remains one when somebody edits it.
        self._quoted: Format = book.add_format({"quote_prefix": True})

    def first_sheet(self, sheet: Worksheet, selection: Selection, names: list[str]) -> None:
        sheet.set_column(0, 1, 34)
        sheet.set_column(2, 2, 60)
        sheet.write_string(0, 0, "SIGETI : export des marts", self._title)
        row = 2
        for label, value in facts(selection):
            self._cell(sheet, row, 0, label, None)
            self._cell(sheet, row, 1, value, None)
            row += 1
        row += 1
        for place, title in enumerate(TITLES):
            sheet.write_string(row, place, title, self._header)
        for name, values in zip(names, contents(selection), strict=True):
            row += 1
            sheet.write_url(row, 0, f"internal:'{name}'!A1", string=name)
            for place, value in enumerate(values, 1):
                self._cell(sheet, row, place, value, self._whole)

    def sheet(self, sheet: Worksheet, table: Table, reading: Reading) -> None:
        sheet.freeze_panes(1, 0)
        formats: list[Format | None] = []
        for place, (name, column) in enumerate(table.columns.items()):
            sheet.set_column(place, place, 28 if column.type == "text" else 16)
            sheet.write_string(0, place, column.label, self._header)
            formats.append(self._format(name, column))
        row = 0
        for row, values in enumerate(reading.rows(table), 1):
            for place, value in enumerate(values):
                self._cell(sheet, row, place, value, formats[place])
        sheet.autofilter(0, 0, row, len(formats) - 1)

    def _format(self, name: str, column: Column) -> Format | None:
        if name.endswith("_pct"):
            return self._rate
        if name.endswith("_id") or name in ("annee", "trimestre", "mois"):
            return self._plain
        return self._whole if column.type.startswith(("integer", "bigint", "numeric")) else None

    def _cell(
        self, sheet: Worksheet, row: int, place: int, value: Any, number: Format | None
    ) -> None:
        match value:
            case None:
                pass
            case bool():
                sheet.write_boolean(row, place, value)
            case int() | float() | Decimal():
                sheet.write_number(row, place, value, number)
            case datetime() if value.date() >= FIRST_DAY:
                sheet.write_datetime(row, place, moment(value), self._moment)
            case date() if value >= FIRST_DAY:
                sheet.write_datetime(row, place, value, self._day)
            case _:
                text = str(value)
                sheet.write_string(row, place, text, self._quoted if is_formula(text) else None)
