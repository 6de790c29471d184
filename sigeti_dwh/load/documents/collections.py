"""What an area's load may bring: its collections, their keys and fields, from the dbt sources."""

from dataclasses import dataclass
from typing import Any

import yaml

from sigeti_dwh.settings import ROOT


@dataclass(frozen=True)
class Collection:
    """A collection of documents as the warehouse knows it.

    `key` are the fields that identify a document. No field but `fields` arrives. An `optional` one
    that the source does not have is empty.
    """

    area: str
    name: str
    key: tuple[str, ...]
    fields: tuple[str, ...]
    optional: bool = False
    may_be_empty: tuple[str, ...] = ()
    """The fields of the key that a document need not have."""

    @property
    def relation(self) -> str:
        """Return the table that holds it, by which its changes are numbered."""
        return f"raw_{self.area}.{self.name}"

    def allowed(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return what of a document may arrive."""
        return {name: document[name] for name in self.fields if name in document}


def read_collections(area: str) -> list[Collection]:
    """Return the collections of an area, in the order of its declaration."""
    path = ROOT / "models" / "staging" / area / f"_{area}__sources.yml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    source = next(one for one in document["sources"] if one["name"] == area)
    return [
        Collection(
            area=area,
            name=table["name"],
            key=tuple(meta["key"]),
            fields=tuple(meta["fields"]),
            optional=meta.get("optional", False),
            may_be_empty=tuple(meta.get("may_be_empty", ())),
        )
        for table in source["tables"]
        if (meta := table.get("config", {}).get("meta"))
    ]
