"""The columns of the marts as the dbt project declares them."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from sigeti_dwh.settings import ROOT, project_files

DESCRIPTIONS = ("marts/*/*.yml", "publication/**/*.yml")


@dataclass(frozen=True)
class Column:
    """A column of a mart, with the label that its readers see."""

    name: str
    data_type: str
    label: str
    is_required: bool = False
    """Whether its contract allows no null."""

    @property
    def is_temporal(self) -> bool:
        """Tell whether it is a day or a moment."""
        return self.data_type.startswith(("date", "timestamp"))

    @property
    def is_number(self) -> bool:
        """Tell whether it is written as a number."""
        return self.data_type.startswith(("integer", "bigint", "numeric"))

    @property
    def decimals(self) -> int:
        """Return how many decimals of a number are shown."""
        return 1 if self.name.endswith("_pct") else 0


def read_columns(folder: Path = ROOT / "models") -> dict[str, dict[str, Column]]:
    """Return the public columns of each mart, and of `fraicheur`."""
    files = project_files(folder.parent, *(f"{folder.name}/{one}" for one in DESCRIPTIONS))
    return {
        model["name"]: {
            column["name"]: Column(
                column["name"],
                column.get("data_type", "text"),
                column.get("config", {}).get("meta", {}).get("label", column["name"]),
                any(
                    constraint["type"] in ("not_null", "primary_key")
                    for constraint in column.get("constraints", [])
                ),
            )
            for column in model["columns"]
            if not column["name"].startswith("_")
        }
        for file in files
        for model in yaml.safe_load(file.read_text(encoding="utf-8")).get("models", [])
    }
