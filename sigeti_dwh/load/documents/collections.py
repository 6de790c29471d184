"""What an area's load may bring: its collections, their keys and fields, from the dbt sources."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import yaml

from sigeti_dwh.settings import ROOT


@dataclass(frozen=True)
class Fields:
    """What of a document may arrive.

    `whole` fields arrive as they are; of those in `lengths` only the number of characters, as
    <field>_length; `parts` are documents, or lists of them, with fields of their own.
    """

    whole: tuple[str, ...]
    lengths: tuple[str, ...]
    parts: tuple[tuple[str, "Fields"], ...]
    names: frozenset[str]

    @classmethod
    def declared(cls, entries: Iterable[str | dict[str, Any]]) -> Self:
        """Read a declaration: `name`, `{name: length}` or `{name: [fields of the part]}`."""
        named = [entry for entry in entries if isinstance(entry, str)]
        limited = {
            name: how for entry in entries if isinstance(entry, dict) for name, how in entry.items()
        }
        return cls(
            whole=tuple(named),
            lengths=tuple(name for name, how in limited.items() if how == "length"),
            parts=tuple(
                (name, cls.declared(how)) for name, how in limited.items() if how != "length"
            ),
            names=frozenset((*named, *limited)),
        )

    def of(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return what of a document may arrive; raise ValueError for a part that is none."""
        kept = {name: document[name] for name in self.whole if name in document}
        for name in self.lengths:
            if isinstance(text := document.get(name), str):
                kept[f"{name}_length"] = len(text)
        for name, fields in self.parts:
            if (part := document.get(name)) is None:
                continue
            several = part if isinstance(part, list) else [part]
            if not all(isinstance(one, dict) for one in several):
                raise ValueError(f"{name} is no document, nor a list of documents")
            kept[name] = [fields.of(one) for one in several]
        return kept


@dataclass(frozen=True)
class Collection:
    """A collection of documents as the warehouse knows it.

    `key` are the fields that identify a document. No field but `fields` arrives. An `optional` one
    that the source does not have is empty.
    """

    area: str
    name: str
    key: tuple[str, ...]
    fields: Fields
    optional: bool = False
    may_be_empty: tuple[str, ...] = ()
    """The fields of the key that a document need not have."""
    may_repeat: bool = False
    """Whether documents may have the same key: they are numbered, as lines of a log are."""
    lasting: bool = False
    """Whether what its source has no more stays: logs are cut, and what they told is not undone."""

    @property
    def relation(self) -> str:
        """Return the table that holds it, by which its changes are numbered."""
        return f"raw_{self.area}.{self.name}"


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
            fields=Fields.declared(meta["fields"]),
            optional=meta.get("optional", False),
            may_be_empty=tuple(meta.get("may_be_empty", ())),
            may_repeat=meta.get("may_repeat", False),
            lasting=meta.get("lasting", False),
        )
        for table in source["tables"]
        if (meta := table.get("config", {}).get("meta"))
    ]
