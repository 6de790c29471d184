"""The allow-list of the load: which columns of which source tables, read from the dbt sources."""

import re
from dataclasses import dataclass, replace

import yaml
from psycopg import sql

from sigeti_dwh.errors import UserError
from sigeti_dwh.settings import ROOT

DECLARED = "models/staging/sigeti/_sigeti__sources.yml"
SOURCES = ROOT / DECLARED
OPTIONAL = "sigeti_optional"
"""The dbt source of the tables that a site's SIGETI may lack."""

# What the source may hold for a declared type; the value travels cast to the declared one.
COMPATIBLE = {
    "smallint": {"smallint"},
    # Wider ones too: unreadable_values.py names the first value that does not fit.
    "integer": {"smallint", "integer", "bigint"},
    "bigint": {"smallint", "integer", "bigint"},
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
    `alive` is the SQL condition of rows that the source has not marked as deleted, None when it
    marks none.
    """

    name: str
    columns: dict[str, str]
    key: tuple[str, ...]
    links: tuple[str, ...]
    ignored: frozenset[str]
    alive: str | None = None
    schema: str = "public"
    """Where it is at the source."""
    relation: str = ""
    """Its name there; several tables here can read one there, each some columns."""
    copy_name: str = ""
    """Its name in the warehouse, in lower case."""
    optional: bool = False
    """Whether a source may lack it. It is copied in one database too: its views need a table."""
    missing: str | None = None
    """Why the source cannot give it, None when it can."""

    @property
    def spelled(self) -> str:
        """Return its name at the source as SQL is typed."""
        name = self.relation if self.relation.islower() else f'"{self.relation}"'
        return f"{self.schema}.{name}"

    @property
    def at_source(self) -> sql.Composable:
        """Return its name at the source; of a table that it lacks, a query without rows."""
        if self.missing is None:
            return sql.Identifier(self.schema, self.relation)
        columns = [
            sql.SQL("null::{} as {}").format(sql.SQL(kind), sql.Identifier(name))
            for name, kind in (*self.columns.items(), ("xmin", "xid"))
        ]
        return sql.SQL("(select {} where false)").format(sql.SQL(", ").join(columns))

    def tracked(self) -> "SourceTable":
        """Return the same table with only what tells which rows changed."""
        kept = {name: self.columns[name] for name in (*self.key, *self.links)}
        return replace(self, columns=kept)

    def read(self, column: str) -> sql.Composed:
        """Return the SQL that reads a column of the source's table `t` as its declared type.

        A number that the type cannot hold, infinity too, is NaN: the test finite_numbers names it.
        """
        kind = self.columns[column]
        value = sql.SQL("t.{}").format(sql.Identifier(column))
        read = sql.SQL("cast({} as {})").format(value, sql.SQL(kind))
        bounded = re.fullmatch(r"numeric\((\d+),(\d+)\)", kind)
        if bounded is None:
            return read
        precision, scale = map(int, bounded.groups())
        return sql.SQL(
            "case when abs(round({0}, {1})) < {2} then {3} when {0} is not null then 'NaN' end"
        ).format(value, sql.Literal(scale), sql.SQL(f"1e{precision - scale}"), read)

    def refuse_rows_without_key(self, rows: int) -> None:
        """Raise UserError for rows whose key is null, where the source does not forbid them."""
        if rows:
            raise UserError(
                f"{self.schema}.{self.relation} has {rows} rows whose {self.key[0]} is null.\n"
                "Correct them at the source and run again. Nothing was changed."
            )

    def accepts(self, column: str, found: str) -> bool:
        """Tell whether a column of the source, of this base type, can be read as declared."""
        return found in COMPATIBLE[self.columns[column].split("(")[0]]


def read_source_tables(schema: str = "public") -> list[SourceTable]:
    """Return the tables of dbt sources `sigeti` and `sigeti_optional`, in the order of the file.

    `schema` is where they are at the source. Raises UserError for a type that the load cannot read.
    """
    document = yaml.safe_load(SOURCES.read_text(encoding="utf-8"))
    tables = [
        SourceTable(
            name=table["name"],
            columns={column["name"]: column["data_type"] for column in table["columns"]},
            key=tuple(table["config"]["meta"]["key"]),
            links=tuple(table["config"]["meta"].get("links", ())),
            ignored=frozenset(table["config"]["meta"].get("ignored", ())),
            alive=table["config"]["meta"].get("alive"),
            schema=schema,
            relation=table["config"]["meta"].get("relation", table["name"]),
            copy_name=table.get("identifier", table["name"]),
            optional=source["name"] == OPTIONAL,
        )
        for source in document["sources"]
        for table in source["tables"]
    ]
    for table in tables:
        for column, kind in table.columns.items():
            if kind.split("(")[0] not in COMPATIBLE:
                raise UserError(
                    f"{DECLARED} declares {table.name}.{column} as {kind}, "
                    f"which the load cannot read.\nIt can read {', '.join(COMPATIBLE)}."
                )
    return tables
