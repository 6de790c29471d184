"""What readers of the marts rely on: columns and types that change only with a new version.

models/marts/contracts.json holds what was promised; the models' descriptions say what is. A column
may be added at any time. To remove, rename or retype one, raise `version` in the model's meta.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import ROOT

FILE = Path("models/marts/contracts.json")
DESCRIPTIONS = ("models/marts/*/_*__models.yml", "models/publication/_*__models.yml")
PUBLISHED = {
    "charge_le": ("timestamp with time zone", "Date et heure de publication de la ligne."),
}
"""Columns that the publication adds to each mart."""


@dataclass(frozen=True)
class Column:
    """A column as its reader knows it."""

    type: str
    label: str
    description: str


@dataclass(frozen=True)
class Mart:
    """A published mart as its description says it is."""

    name: str
    schema: str
    description: str
    meta: dict[str, Any]
    columns: dict[str, Column] = field(default_factory=dict)

    @property
    def version(self) -> int:
        """Return the version of its contract, 1 unless its meta says another."""
        return int(self.meta.get("version", 1))


def read_marts(root: Path = ROOT) -> list[Mart]:
    """Return the published marts from the descriptions of their models."""
    files = sorted(path for pattern in DESCRIPTIONS for path in root.glob(pattern))
    return [
        _mart(model, path.parent.name)
        for path in files
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    ]


def promise(marts: list[Mart]) -> dict[str, Any]:
    """Return the contract that marts fulfil."""
    return {
        mart.name: {
            "version": mart.version,
            "columns": {name: column.type for name, column in mart.columns.items()},
        }
        for mart in marts
    }


def read_contract(root: Path = ROOT) -> dict[str, Any]:
    """Return what was promised so far."""
    contract: dict[str, Any] = json.loads((root / FILE).read_text(encoding="utf-8"))
    return contract


def breaches(promised: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return what breaks the promise without a new version, a sentence each."""
    found = []
    for mart, old in promised.items():
        new = now.get(mart)
        if new is None:
            found.append(f"{mart} is gone")
        elif new["version"] < old["version"]:
            found.append(f"{mart} goes back to version {new['version']}")
        elif new["version"] == old["version"]:
            for column, kind in old["columns"].items():
                if column not in new["columns"]:
                    found.append(f"{mart}.{column} is gone")
                elif new["columns"][column] != kind:
                    found.append(f"{mart}.{column} was {kind}, is {new['columns'][column]}")
    return found


def write_contract(root: Path = ROOT) -> None:
    """Write what the marts are now as what is promised.

    Raises UserError when that would break what was promised before.
    """
    now = promise(read_marts(root))
    path = root / FILE
    if path.exists() and (found := breaches(read_contract(root), now)):
        raise UserError(
            f"Readers rely on it: {'; '.join(found)}.\n"
            "Keep it, or raise `version` in the meta of the model and tell them in time."
        )
    path.write_text(json.dumps(now, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _mart(model: dict[str, Any], folder: str) -> Mart:
    columns = {
        column["name"]: Column(
            column["data_type"],
            column.get("config", {}).get("meta", {}).get("label", column["name"]),
            " ".join(column["description"].split()),
        )
        for column in model["columns"]
    }
    if folder != "publication":
        for name, (kind, description) in PUBLISHED.items():
            columns[name] = Column(kind, "Publié le", description)
    return Mart(
        model["name"],
        "marts_operationnel" if folder == "publication" else f"marts_{folder}",
        " ".join(model["description"].split()),
        model["config"]["meta"],
        columns,
    )
