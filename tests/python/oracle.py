"""The warehouse's expected content, computed from the source by SQL of its own.

`tests/oracle/<relation>.sql` returns a whole mart, fact or bridge as the contract defines it;
`tests/oracle/totaux_<mart>.sql` what each additive measure of a mart sums up to. None of them
shares anything with the models.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import yaml
from psycopg import sql

from sigeti_dwh.settings import ROOT, project_files

Connection = psycopg.Connection[Any]
Row = tuple[Any, ...]

FOLDER = Path(__file__).resolve().parents[1] / "oracle"


def _contracts(paths: Iterable[Path]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the description of each fact, bridge and mart, with its schema after the prefix."""
    return {
        model["name"]: (f"marts_{path.parent.name}" if "marts" in path.parts else "facts", model)
        for path in paths
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
        if model["name"].startswith(("fait_", "pont_", "mart_"))
    }


def _primary_key(model: dict[str, Any]) -> tuple[str, ...]:
    for constraint in model.get("constraints", []):
        if constraint["type"] == "primary_key":
            return tuple(constraint["columns"])
    return tuple(
        column["name"]
        for column in model["columns"]
        if {"type": "primary_key"} in column.get("constraints", [])
    )


CONTRACTS = _contracts(project_files(ROOT, "models/**/*__models.yml"))
RELATIONS = {name: (schema, _primary_key(model)) for name, (schema, model) in CONTRACTS.items()}
"""Each relation's schema, after the prefix, and the columns that identify a row."""
MARTS = tuple(name for name in RELATIONS if name.startswith("mart_"))
STAMPS = {"_insertion", "_changement", "charge_le"}
"""Columns of the machinery, which no source tells."""
APPROXIMATE = {"p_valeur": Decimal("1e-6"), "significativite_auteur": Decimal("1e-6")}
"""Columns that no two ways of computing give the same last decimal, and by how much they differ."""


def expected(
    source: Connection, relation: str, date_reference: date
) -> tuple[list[str], list[Row]]:
    """Return the columns and rows a relation must have, from the source alone."""
    return _query(source, _statement(relation), date_reference)


def compare(
    source: Connection,
    warehouse: Connection,
    relation: str,
    date_reference: date,
    *,
    schema: str = "dwh",
) -> list[str]:
    """Return how a relation of the warehouse differs from the oracle, one line a difference.

    Lines name rows that are missing, extra or repeated, and values that differ, by key and column;
    an empty list is equality. Numbers must be equal to the last decimal, texts to the last
    character; columns that the contract does not name are left out.
    """
    layer, key = RELATIONS[relation]
    columns, rows = expected(source, relation, date_reference)
    found_columns = _columns(warehouse, f"{schema}_{layer}", relation)
    if not found_columns:
        return [f"{relation}: does not exist"]
    missing = [f"{relation}: no column {name}" for name in columns if name not in found_columns]
    if not set(key) <= set(found_columns):
        return missing
    common = [name for name in columns if name in found_columns]
    statement = sql.SQL("select {} from {}").format(
        sql.SQL(", ").join(map(sql.Identifier, common)),
        sql.Identifier(f"{schema}_{layer}", relation),
    )
    _, found_rows = _query(warehouse, statement)
    return missing + _differences(
        relation, key, _records(columns, rows), _records(common, found_rows)
    )


def compare_area(warehouse: Connection, area: str, *, schema: str = "dwh") -> list[str]:
    """Return how the facts and marts of an area differ from independent SQL on its documents.

    Every column of their contracts is compared.
    """
    lines = []
    described = (ROOT / "models").glob(f"*/{area}/*__models.yml")
    for relation, (layer, model) in _contracts(described).items():
        columns, rows = _query(warehouse, _statement(f"{area}/{relation}"))
        promised = {column["name"] for column in model["columns"]} - STAMPS
        lines += [f"{relation}: the oracle has no {name}" for name in promised - set(columns)]
        found = _query(
            warehouse,
            sql.SQL("select {} from {}").format(
                sql.SQL(", ").join(map(sql.Identifier, columns)),
                sql.Identifier(f"{schema}_{layer}", relation),
            ),
        )
        key = _primary_key(model)
        lines += _differences(relation, key, _records(columns, rows), _records(*found))
    return lines


def totals(
    source: Connection, date_reference: date, without: Collection[str] = ()
) -> dict[str, dict[str, Decimal]]:
    """Return, for each mart, what each of its additive measures sums up to over the source."""
    result = {}
    for mart in MARTS:
        if mart in without:
            continue
        columns, rows = _query(source, _statement(f"totaux_{mart}"), date_reference)
        result[mart] = {
            name: Decimal(value or 0) for name, value in zip(columns, rows[0], strict=True)
        }
    return result


def compare_totals(
    source: Connection,
    warehouse: Connection,
    date_reference: date,
    *,
    schema: str = "dwh",
    without: Collection[str] = (),
) -> list[str]:
    """Return the measures whose sum over a mart, but for some, is not the total over the source."""
    differences = []
    for mart, measures in totals(source, date_reference, without).items():
        statement = sql.SQL("select {} from {}").format(
            sql.SQL(", ").join(
                sql.SQL("sum({})").format(sql.Identifier(measure)) for measure in measures
            ),
            sql.Identifier(f"{schema}_{RELATIONS[mart][0]}", mart),
        )
        _, rows = _query(warehouse, statement)
        for (measure, total), found in zip(measures.items(), rows[0], strict=True):
            if not _equal(total, found or 0):
                differences.append(f"{mart}.{measure}: sums up to {found}, expected {total}")
    return differences


def _statement(name: str) -> sql.SQL:
    return sql.SQL(_text(name))


def _text(name: str) -> str:
    """Return a query; what it names in braces is another one."""
    text = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    return re.sub(r"\{([\w/]+)\}", lambda found: f"(\n{_text(found[1])})", text)


def _query(
    connection: Connection, statement: sql.SQL | sql.Composed, date_reference: date | None = None
) -> tuple[list[str], list[Row]]:
    parameters = None if date_reference is None else {"date_reference": date_reference}
    cursor = connection.execute(statement, parameters)
    return [column.name for column in cursor.description or ()], cursor.fetchall()


def _columns(warehouse: Connection, schema: str, relation: str) -> list[str]:
    cursor = warehouse.execute(
        "select column_name from information_schema.columns"
        " where table_schema = %s and table_name = %s",
        (schema, relation),
    )
    return [row[0] for row in cursor]


def _records(columns: list[str], rows: list[Row]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _differences(
    relation: str,
    key: tuple[str, ...],
    expected_rows: list[dict[str, Any]],
    found_rows: list[dict[str, Any]],
) -> list[str]:
    wanted = {tuple(row[name] for name in key): row for row in expected_rows}
    found = {tuple(row[name] for name in key): row for row in found_rows}
    counts = Counter(tuple(row[name] for name in key) for row in found_rows)

    def place(values: Row) -> str:
        return f"{relation}[{', '.join(map('{}={}'.format, key, values))}]"

    lines = [f"{place(values)}: missing" for values in wanted if values not in found]
    lines += [f"{place(values)}: extra" for values in found if values not in wanted]
    lines += [f"{place(values)}: {count} times" for values, count in counts.items() if count > 1]
    for values in wanted.keys() & found.keys():
        lines += [
            f"{place(values)}.{name}: {_shown(value)}, expected {_shown(wanted[values][name])}"
            for name, value in found[values].items()
            if not _equal(wanted[values][name], value, APPROXIMATE.get(name))
        ]
    return sorted(lines)


def _shown(value: object) -> str:
    return str(value) if isinstance(value, Decimal | date) else repr(value)


def _equal(expected_value: object, found: object, tolerance: Decimal | None = None) -> bool:
    """Compare two values; a truth value is no number, and a date no timestamp."""
    if tolerance and isinstance(expected_value, Decimal) and isinstance(found, Decimal):
        return abs(expected_value - found) <= tolerance
    return isinstance(expected_value, bool) is isinstance(found, bool) and expected_value == found
