"""The allow-list of the load: which columns of which source tables, read from the dbt sources."""

from dataclasses import dataclass

import yaml

from sigeti_dwh.settings import ROOT

SOURCES = ROOT / "models" / "staging" / "__sources.yml"

# What the source may hold for a declared type; the value travels cast to the declared one.
COMPATIBLE = {
    "integer": {"smallint", "integer"},
    "text": {"text", "character varying", "character", "enum"},
    "numeric": {"smallint", "integer", "bigint", "numeric"},
    "double precision": {"smallint", "integer", "real", "double precision", "numeric"},
    "boolean": {"boolean"},
    "date": {"date"},
    "timestamptz": {"timestamp with time zone"},
    "jsonb": {"json", "jsonb"},
}


@dataclass(frozen=True)
class SourceTable:
    """A source table as the warehouse knows it.

    `columns` maps each allowed column to its type in the warehouse. `key` identifies a row. `links`
    are the columns that facts follow to a parent. `ignored` are the columns known and not read.
    """

    name: str
    columns: dict[str, str]
    key: tuple[str, ...]
    links: tuple[str, ...]
    ignored: frozenset[str]

    def tracked(self) -> "SourceTable":
        """Return the same table with only what tells which rows changed."""
        kept = {name: self.columns[name] for name in (*self.key, *self.links)}
        return SourceTable(self.name, kept, self.key, self.links, self.ignored)

    def accepts(self, column: str, found: str) -> bool:
        """Tell whether a column of the source, of this base type, can be read as declared."""
        return found in COMPATIBLE[self.columns[column].split("(")[0]]


def read_source_tables() -> list[SourceTable]:
    """Return the tables of dbt source `sigeti`, in the order of the file."""
    document = yaml.safe_load(SOURCES.read_text(encoding="utf-8"))
    sigeti = next(source for source in document["sources"] if source["name"] == "sigeti")
    return [
        SourceTable(
            name=table["name"],
            columns={column["name"]: column["data_type"] for column in table["columns"]},
            key=tuple(table["config"]["meta"]["key"]),
            links=tuple(table["config"]["meta"].get("links", ())),
            ignored=frozenset(table["config"]["meta"].get("ignored", ())),
        )
        for table in sigeti["tables"]
    ]
