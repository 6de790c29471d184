"""Whether both engines, from one source, made the same dimensions, facts and marts, row for row.

Spark reads PostgreSQL's tables by JDBC, and looks for rows that one side has more often than the
other. What cannot be equal is left out: numbers of changes, and when each engine saw or published a
row.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from sigeti_dwh.settings import Server
from sigeti_dwh.spark.connection import Connection, connect
from sigeti_dwh.spark.raw_table import jdbc_view, quoted
from sigeti_dwh.spark.server import SparkServer
from sigeti_dwh.warehouse.database import connect as connect_postgres

LEFT_OUT = {
    *("_insertion", "_changement", "charge_le", "publie_le", "donnees_au"),
    *("chargement", "execution"),
}
"""Numbers and moments of each engine's own changes, load and publication."""
OBSERVED = {"valid_from", "valid_to"}
"""Moments that are an engine's own where no time of the source says them."""
SHOWN = 3
RELATIONS = """
select nspname, relname, json_agg(json_build_array(attname, format_type(atttypid, null))
    order by attnum)
from pg_class c
join pg_namespace n on n.oid = relnamespace
join pg_attribute a on a.attrelid = c.oid and attnum > 0 and not attisdropped
where relkind = 'r' and (
    nspname in (%(prefix)s || '_dimensions', %(prefix)s || '_facts')
    or starts_with(nspname, %(prefix)s || '_marts_')
    or nspname = 'dwh_meta' and relname like 'int\\_%%'
) and relname !~ '__'
group by 1, 2
order by 1, 2
"""
OBSERVED_SINCE = "select min(debut) from dwh_meta.chargements"


@dataclass(frozen=True)
class Comparison:
    """What came of one relation."""

    relation: str
    rows: int
    """Of PostgreSQL."""
    differing: int
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Tell it in one line, with some rows that differ below."""
        if not self.differing:
            return f"{self.relation}: {self.rows} rows, equal"
        return "\n".join(
            [f"{self.relation}: {self.rows} rows, {self.differing} differ", *self.examples]
        )


def compare(postgres: Server, server: SparkServer, prefix: str = "dwh") -> Iterator[Comparison]:
    """Compare each dimension, bridge, fact, sum and published mart of the two warehouses.

    Raises UserError for a relation that Spark lacks.
    """
    with connect_postgres(postgres) as known:
        relations = known.execute(RELATIONS, {"prefix": prefix}).fetchall()
        row = known.execute(OBSERVED_SINCE).fetchone()
        assert row is not None
        since = row[0]
    with connect(server) as connection:
        for schema, name, columns in relations:
            yield _compared(connection, postgres, f"{schema}.{name}", dict(columns), since)


def _compared(
    connection: Connection, postgres: Server, relation: str, columns: dict[str, str], since: Any
) -> Comparison:
    kept = {name: kind for name, kind in columns.items() if name not in LEFT_OUT}
    query = sql.SQL("select {} from {}").format(
        sql.SQL(", ").join(_sent(name, kind) for name, kind in kept.items()),
        sql.Identifier(*relation.split(".")),
    )
    connection.execute(jdbc_view("comparee", postgres, query.as_string()))
    names = ", ".join(quoted(name) for name in kept)
    micros = round(since.timestamp() * 1_000_000)
    theirs = ", ".join(_received(name, kind, micros) for name, kind in kept.items())
    ours = ", ".join(_own(name, kind, micros) for name, kind in kept.items())
    differing = connection.execute(
        f"select sum(signe) as de_trop, to_json(struct({names})) as ligne from ("
        f"select 1 as signe, {theirs} from comparee union all "
        f"select -1 as signe, {ours} from {relation}) group by {names} "
        "having sum(signe) <> 0 order by ligne"
    )
    [(rows,)] = connection.execute("select count(*) from comparee")
    return Comparison(
        relation,
        rows,
        sum(abs(times) for times, _ in differing),
        tuple(
            f"  {'PostgreSQL' if times > 0 else 'Spark'} alone has {line}"
            for times, line in differing[: 2 * SHOWN]
        ),
    )


def _sent(name: str, kind: str) -> sql.Composable:
    """Return a column of PostgreSQL as JDBC carries it exactly."""
    column = sql.Identifier(name)
    if kind.startswith("timestamp"):
        return sql.SQL("cast(round(extract(epoch from {0}) * 1000000) as bigint) as {0}").format(
            column
        )
    if kind == "date":
        return sql.SQL("{0} - date '1970-01-01' as {0}").format(column)
    if kind == "numeric":
        return sql.SQL("cast({0} as numeric(38, 9)) as {0}").format(column)
    return column


def _received(name: str, kind: str, since: int) -> str:
    column = quoted(name)
    if kind.startswith("timestamp"):
        return f"{_moment(name, column, since)} as {column}"
    return f"cast({column} as {_type(kind)}) as {column}"


def _own(name: str, kind: str, since: int) -> str:
    column = quoted(name)
    if kind.startswith("timestamp"):
        return f"{_moment(name, f'unix_micros({column})', since)} as {column}"
    if kind == "date":
        return f"unix_date({column}) as {column}"
    return f"cast({column} as {_type(kind)}) as {column}"


def _moment(name: str, micros: str, since: int) -> str:
    """Return a moment; of what was observed since the first load only that it was."""
    return f"if({micros} > {since}, {since}, {micros})" if name in OBSERVED else micros


def _type(kind: str) -> str:
    known = {"date": "int", "numeric": "decimal(38, 9)", "double precision": "decimal(38, 6)"}
    return known.get(kind, "string" if kind == "text" else kind)
