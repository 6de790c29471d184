"""What readers of the marts rely on: columns and types that change only with a new version.

models/marts/contracts.json holds what was promised, and the same in the folder of an optional area;
the models' descriptions say what is. A column may be added at any time. To remove, rename or retype
one, raise `version` in the model's meta.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sigeti_dwh.areas import area_of
from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import ROOT, project_files

FILE = Path("models/marts/contracts.json")
DESCRIPTIONS = ("models/marts/*/_*__models.yml", "models/publication/**/_*__models.yml")
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
    area: str | None = None
    """The optional area it belongs to, None of SIGETI's own."""

    @property
    def version(self) -> int:
        """Return the version of its contract, 1 unless its meta says another."""
        return int(self.meta.get("version", 1))


def read_marts(root: Path = ROOT) -> list[Mart]:
    """Return the published marts, of SIGETI and the areas that are on, from their descriptions."""
    return [
        _mart(model, path.relative_to(root))
        for path in project_files(root, *DESCRIPTIONS)
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
    """Return what was promised so far of the marts of SIGETI and of the areas that are on."""
    contract: dict[str, Any] = {}
    for path in project_files(root, str(FILE), f"{FILE.parent}/*/{FILE.name}"):
        contract |= json.loads(path.read_text(encoding="utf-8"))
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
    marts = read_marts(root)
    if found := breaches(read_contract(root), promise(marts)):
        raise UserError(
            f"Readers rely on it: {'; '.join(found)}.\n"
            "Keep it, or raise `version` in the meta of the model and tell them in time."
        )
    for area in {mart.area for mart in marts}:
        now = promise([mart for mart in marts if mart.area == area])
        path = root / FILE.parent / (area or "") / FILE.name
        path.write_text(json.dumps(now, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _mart(model: dict[str, Any], described_in: Path) -> Mart:
    area = area_of(str(described_in))
    is_built = described_in.is_relative_to("models/marts")
    columns = {
        column["name"]: Column(
            column["data_type"],
            column.get("config", {}).get("meta", {}).get("label", column["name"]),
            " ".join(column["description"].split()),
        )
        for column in model["columns"]
    }
    if is_built:
        for name, (kind, description) in PUBLISHED.items():
            columns[name] = Column(kind, "Publié le", description)
    return Mart(
        model["name"],
        f"marts_{described_in.parent.name if is_built or area else 'operationnel'}",
        " ".join(model["description"].split()),
        model["config"]["meta"],
        columns,
        area,
    )
